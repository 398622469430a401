package semconv

import (
	"strings"
	"testing"
)

func TestKey(t *testing.T) {
	for _, c := range []struct{ old, current string }{
		{"http.method", "http.request.method"},
		{"http.status_code", "http.response.status_code"},
		{"http.url", "url.full"},
		{"http.user_agent", "user_agent.original"},
		{"http.retry_count", "http.request.resend_count"}, // through http.resend_count
		{"net.peer.ip", "network.peer.address"},           // through net.sock.peer.addr
		{"net.host.name", "server.address"},
		{"db.statement", "db.query.text"},
		{"db.system", "db.system.name"},
		{"db.operation", "db.operation.name"},
		{"db.name", "db.namespace"},
		{"db.cassandra.keyspace", "db.namespace"},
		{"db.sql.table", "db.collection.name"},
		{"db.mongodb.collection", "db.collection.name"},
		{"code.filepath", "code.file.path"},
		{"code.function", "code.function.name"},
		{"code.lineno", "code.line.number"},
		{"messaging.destination", "messaging.destination.name"},
		{"messaging.kafka.consumer_group", "messaging.consumer.group.name"},
		{"messaging.kafka.partition", "messaging.destination.partition.id"},
		{"rpc.system", "rpc.system.name"},
		{"rpc.grpc.status_code", "rpc.response.status_code"},
		{"deployment.environment", "deployment.environment.name"},
		{"faas.execution", "faas.invocation_id"},
		{"gen_ai.system", "gen_ai.provider.name"},
		{"gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"},
		{"peer.service", "service.peer.name"},
		{"otel.library.name", "otel.scope.name"},
		{"k8s.pod.labels", "k8s.pod.label"},
		// never renamed, or taken back
		{"enduser.id", "enduser.id"},
		{"exception.type", "exception.type"},
		{"thread.name", "thread.name"},
		{"http.route", "http.route"},
		{"user.tier", "user.tier"},
		{"", ""},
	} {
		if got := Key(c.old); got != c.current {
			t.Errorf("Key(%q) = %q, want %q", c.old, got, c.current)
		}
	}
}

func TestTableIsAFunctionToCurrentNames(t *testing.T) {
	if len(renamed) < 100 {
		t.Fatalf("the table has %d names; the registry renamed more than a hundred", len(renamed))
	}
	for old, current := range renamed {
		if _, again := renamed[current]; again {
			t.Errorf("%q is folded to %q, which is itself an old name", old, current)
		}
		if old == current || current == "" || strings.TrimSpace(current) != current {
			t.Errorf("%q is folded to %q", old, current)
		}
	}
	for name, vs := range values {
		if Key(name) != name {
			t.Errorf("the values of %q are filed under an old name", name)
		}
		for old, current := range vs {
			if _, again := vs[current]; again {
				t.Errorf("%s: %q is renamed to %q, which is itself old", name, old, current)
			}
		}
	}
}

func TestPeer(t *testing.T) {
	for _, c := range []struct {
		name   string
		server bool
		want   string
	}{
		{"net.peer.name", false, "server.address"},
		{"net.peer.name", true, "client.address"},
		{"net.peer.port", false, "server.port"},
		{"net.peer.port", true, "client.port"},
		{"http.method", true, "http.request.method"},
	} {
		if got := Peer(c.name, c.server); got != c.want {
			t.Errorf("Peer(%q, server=%v) = %q, want %q", c.name, c.server, got, c.want)
		}
	}
}

func TestValue(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"db.system", "mssql", "microsoft.sql_server"},
		{"db.system.name", "mssql", "microsoft.sql_server"},
		{"db.system", "postgresql", "postgresql"},
		{"db.system", "cloudscape", "other_sql"},
		{"messaging.operation", "publish", "send"},
		{"net.transport", "ip_tcp", "tcp"},
		{"http.flavor", "2.0", "2"},
		{"http.flavor", "1.1", "1.1"},
		{"rpc.grpc.status_code", "4", "DEADLINE_EXCEEDED"},
		{"rpc.grpc.status_code", "16", "UNAUTHENTICATED"},
		{"rpc.grpc.status_code", "17", "17"},
		{"rpc.grpc.status_code", "x", "x"},
		{"rpc.grpc.status_code", "", ""},
		{"rpc.response.status_code", "4", "4"},
		{"user.id", "mssql", "mssql"},
	} {
		if got := Value(c.name, c.value); got != c.want {
			t.Errorf("Value(%q, %q) = %q, want %q", c.name, c.value, got, c.want)
		}
		if c.want != c.value && !HasValues(c.name) {
			t.Errorf("HasValues(%q) is false, yet a value changed", c.name)
		}
	}
}

func TestSplits(t *testing.T) {
	if p, q := SplitTarget("/a/b?c=d&e=f?g"); p != "/a/b" || q != "c=d&e=f?g" {
		t.Errorf("SplitTarget: %q %q", p, q)
	}
	for _, c := range []struct{ host, address, port string }{
		{"example.com:8080", "example.com", "8080"},
		{"example.com", "example.com", ""},
		{"[::1]:80", "::1", "80"},
		{"[::1]", "::1", ""},
		{"::1", "::1", ""},
		{"", "", ""},
	} {
		if a, p := SplitHost(c.host); a != c.address || p != c.port {
			t.Errorf("SplitHost(%q) = %q %q", c.host, a, p)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	keys := []string{"http.request.method", "http.method", "user.id", "order.total", "db.query.text", "thread.name"}
	for i := 0; b.Loop(); i++ {
		Key(keys[i%len(keys)])
	}
}
