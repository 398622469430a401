package face

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"

	"github.com/yagura-sre/yagura/internal/engine/chdb"
)

// The engine is a library made for one user's own files: its readonly=1 stops writing and
// most reading of files, but not the function file(), nor DESCRIBE of a file or an
// address, nor KILL. A server stops these by its files folder and its grants, which the
// library lacks. The guard closes the gap for statements that come with readonly, which
// is how text written by people is sent.

// guardedRoots are the roots of the syntax trees that a read-only statement may have.
var guardedRoots = map[string]bool{
	"SelectWithUnionQuery": true, "SelectIntersectExceptQuery": true, "Explain": true, "DescribeQuery": true,
	"ShowCreateTableQuery": true, "ShowCreateDatabaseQuery": true, "ShowCreateViewQuery": true, "ShowTables": true, "ShowColumns": true,
}

// harmlessTables are the table functions that reach nothing outside of the engine.
var harmlessTables = map[string]bool{
	"numbers": true, "numbers_mt": true, "zeros": true, "zeros_mt": true, "generateseries": true, "generate_series": true,
	"values": true, "view": true, "merge": true,
}

// reaching are the ordinary functions that reach outside of the engine.
var reaching = []string{"file", "catboostEvaluate", "reverseDNSQuery", "hasColumnInTable", "getClientHTTPHeader"}

// loadGuard asks the engine which functions there are to guard against.
func (f *Face) loadGuard() error {
	all, err := f.ask("SELECT lower(name) FROM system.table_functions UNION ALL SELECT lower(name) FROM system.functions WHERE name ILIKE 'ai%'")
	if err != nil {
		return err
	}
	f.denied = map[string]bool{}
	for name := range strings.Lines(all) {
		if name = strings.TrimSpace(name); !harmlessTables[name] {
			f.denied[name] = true
		}
	}
	for _, name := range reaching {
		f.denied[strings.ToLower(name)] = true
	}
	return nil
}

// guard lets a read-only statement through or says why not. It judges by the engine's own
// syntax tree, so that no way of writing a name gets past it.
func (f *Face) guard(conn *chdb.Conn, st *statement, class chdb.Class) error {
	refuse := func() error {
		return chdb.New(codeReadonly, "READONLY", "Only SELECT, EXPLAIN, DESCRIBE and SHOW can be run in readonly mode")
	}
	if class != chdb.ReadOnly && class != chdb.Unknown {
		return refuse()
	}
	lasting, key := st.verdictKey()
	if lasting && f.passed.has(key) {
		return nil
	}
	// Parses only. A FORMAT in the text is the inner statement's and does not shape the tree.
	r, err := conn.Query("EXPLAIN AST "+st.text, "TabSeparatedRaw", st.params)
	if err != nil {
		return err
	}
	defer r.Close()
	tree := string(r.Bytes())
	root, _, _ := strings.Cut(tree, "\n")
	root, _, _ = strings.Cut(root, " ")
	// What follows SHOW … WHERE is kept as text and is not in the tree; without a bracket
	// there is no call in it.
	if !guardedRoots[root] || strings.HasPrefix(root, "Show") && strings.Contains(st.text, "(") {
		return refuse()
	}
	if name := f.forbidden(tree); name != "" {
		return chdb.New(codeDenied, "ACCESS_DENIED", name+" reaches outside of the engine and cannot be used in readonly mode")
	}
	if lasting {
		f.passed.add(key)
	}
	return nil
}

// verdictKey tells apart what the guard could judge differently: the text, and the settings
// and the database that it is read under. Values of parameters are values whatever they are,
// but for names, which become part of the tree: such a statement is judged each time.
func (st *statement) verdictKey() (ok bool, key [sha256.Size]byte) {
	if strings.Contains(strings.ToLower(st.text), "identifier") {
		return false, key
	}
	h := sha256.New()
	for _, part := range []string{st.key, st.text} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	h.Sum(key[:0])
	return true, key
}

// verdicts remembers statements that the guard let through: the same few are asked again
// and again, with other parameters, and a look at the tree costs more than many a question.
type verdicts struct {
	sync.Mutex
	m map[[sha256.Size]byte]struct{}
}

// verdictsMax bounds what is remembered; beyond it any other is forgotten.
const verdictsMax = 2048

func (v *verdicts) has(key [sha256.Size]byte) bool {
	v.Lock()
	defer v.Unlock()
	_, ok := v.m[key]
	return ok
}

func (v *verdicts) add(key [sha256.Size]byte) {
	v.Lock()
	defer v.Unlock()
	if v.m == nil {
		v.m = map[[sha256.Size]byte]struct{}{}
	}
	for old := range v.m {
		if len(v.m) < verdictsMax {
			break
		}
		delete(v.m, old)
	}
	v.m[key] = struct{}{}
}

// forbidden finds in a syntax tree what the guard refuses. A text in the statement may
// look like a line of the tree; that can refuse too much, never too little.
func (f *Face) forbidden(tree string) string {
	for line := range strings.Lines(tree) {
		line = strings.TrimSpace(line)
		// The tree does not show what is inside of these.
		if strings.HasPrefix(line, "ColumnsApplyTransformer") {
			return "APPLY"
		}
		if name, ok := strings.CutPrefix(line, "Function "); ok {
			name, _, _ = strings.Cut(name, " (")
			if f.denied[strings.ToLower(name)] {
				return "The function " + name
			}
		}
	}
	return ""
}
