package shape

import (
	"strings"
	"unicode/utf8"
)

// sqlSystems are the databases that are asked in SQL, by db.system.name; other_sql and all
// that is not named are taken for SQL when the text begins like it.
var notSQL = words(`redis valkey memcached mongodb elasticsearch opensearch aws.dynamodb dynamodb couchdb cosmosdb azure.cosmosdb
couchbase hbase neo4j geode etcd riak aerospike hazelcast influxdb firestore gcp.firestore`)

// caches are the databases that are caches.
var caches = words(`redis valkey memcached hazelcast dragonfly keydb garnet`)

// statement is what a client span asks of a database.
type statement struct {
	system     string // db.system.name
	text       string // db.query.text
	summary    string // db.query.summary
	operation  string // db.operation.name
	collection string // db.collection.name, or a table's name by an older attribute
	name       string // of the span
}

// shape is the statement's form: SQL normalised, a command by operation and collection.
func (s statement) shape() string {
	switch {
	case s.text != "" && (s.system == "redis" || s.system == "valkey" || s.system == "memcached"):
		return redis(s.text)
	case s.text != "" && !notSQL[s.system] && looksSQL(s.text):
		return SQL(s.text)
	case s.operation != "" || s.collection != "":
		return strings.TrimSpace(mask(s.operation) + " " + index(s.collection))
	case s.summary != "":
		return mask(s.summary)
	case s.text != "" && s.system == "mongodb":
		return mongo(s.text)
	case s.text != "" && !strings.HasPrefix(strings.TrimSpace(s.text), "{"):
		return mask(s.text)
	}
	return mask(s.name)
}

// looksSQL says whether a text begins as SQL does.
func looksSQL(text string) bool {
	l := lexer{in: clip(text, maxInput)}
	t, ok := l.next()
	for ok && t == "(" {
		t, ok = l.next()
	}
	return ok && (keywords[t] || strings.EqualFold(t, "PRAGMA") || strings.EqualFold(t, "VACUUM") || strings.EqualFold(t, "DEALLOCATE") ||
		strings.EqualFold(t, "PREPARE") || strings.EqualFold(t, "DECLARE") || strings.EqualFold(t, "COPY") || strings.EqualFold(t, "LISTEN") || strings.EqualFold(t, "NOTIFY"))
}

// maxCommands is how many commands of a pipeline tell it.
const maxCommands = 4

// redis is the commands of a text with the keys they touch, without values: "GET user:?".
func redis(text string) string {
	var out []string
	for line := range strings.Lines(clip(text, maxInput)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(out) == maxCommands {
			out = append(out, "…")
			break
		}
		cmd := strings.ToUpper(clip(fields[0], 32))
		if len(fields) > 1 && fields[1] != "?" && !keyless[cmd] {
			cmd += " " + key(strings.Trim(fields[1], `"'`))
		}
		if len(out) == 0 || out[len(out)-1] != cmd {
			out = append(out, cmd)
		}
	}
	return strings.Join(out, "; ")
}

// keyless are the commands whose first argument is no key.
var keyless = words(`AUTH HELLO SELECT EVAL EVALSHA FCALL SCRIPT CONFIG CLIENT PING ECHO SCAN INFO PUBLISH WAIT MULTI EXEC XREAD XREADGROUP`)

// key is a key's form: parts with digits, and whatever does not look like a word, are ?.
func key(k string) string {
	var b strings.Builder
	from := 0
	for i := 0; i <= len(k); i++ {
		if i < len(k) && strings.IndexByte(":/.{}|", k[i]) < 0 {
			continue
		}
		switch part := k[from:i]; {
		case part == "":
		case hasDigit(part) && !version(part) || len(part) > 24 || strings.ContainsAny(part, "@%") || !ascii(part):
			b.WriteByte('?')
		default:
			b.WriteString(part)
		}
		if i < len(k) {
			b.WriteByte(k[i])
		}
		from = i + 1
		if b.Len() > maxName {
			break
		}
	}
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// mongo is the operation and collection of a command in JSON: {"find": "orders", …}.
func mongo(text string) string {
	parts := strings.SplitN(clip(text, maxInput), `"`, 5)
	if len(parts) == 5 && strings.TrimSpace(parts[0]) == "{" && strings.TrimSpace(parts[2]) == ":" {
		return mask(parts[1]) + " " + index(parts[3])
	}
	return mask(text)
}

// index is the name of a collection or an index, without a date or a number at its end:
// logs-2026.11.22 and logs-2026.11.23 are one.
func index(name string) string {
	if !hasDigit(name) {
		return clip(name, maxName)
	}
	m := masker{}
	m.parts(clip(name, maxName))
	return strings.ReplaceAll(strings.ReplaceAll(string(m.out), "<num>", "?"), "<id>", "?")
}
