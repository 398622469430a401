package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/engine/enginetest"
)

// Statements with readonly=1 are text that people wrote. Whatever they try, a file of the
// machine must not come out.
func TestReadonlyIsAFence(t *testing.T) {
	sup := enginetest.Start(t)
	db := enginetest.Database(t, sup)
	const secret = "the-secret-of-this-machine"
	file := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(file, []byte(secret+",2\n1,2,3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"SELECT file('FILE')", "SELECT `file`('FILE')", "SELECT \"file\"('FILE')", "SELECT FiLe /* c */ ('FILE')", "SELECT\nfile\n(\n'FILE')",
		"SELECT file('FILE') FORMAT JSON", "SELECT file('FILE') FORMAT RawBLOB", "SELECT file('FILE') FORMAT Native",
		"SELECT * FROM file('FILE', 'LineAsString', 'l String')", "SELECT * FROM default.`FILE`", "SELECT * FROM `FILE`", "SELECT * FROM 'FILE'",
		"SELECT * APPLY(file) FROM (SELECT 'FILE')", "SELECT * APPLY(x -> file(x)) FROM (SELECT 'FILE')", "SELECT COLUMNS('a') APPLY(file) FROM (SELECT 'FILE' AS a)",
		"SELECT * REPLACE(file('FILE') AS number) FROM numbers(3)", "WITH (SELECT file('FILE')) AS y SELECT y", "WITH f AS (x -> file(x)) SELECT f('FILE')",
		"WITH y AS (SELECT file('FILE')) SELECT * FROM y", "SELECT * FROM view(SELECT file('FILE'))", "SELECT arrayMap(x -> file(x), ['FILE'])",
		"SELECT throwIf(1, file('FILE'))", "SELECT 1 ORDER BY file('FILE')", "SELECT sum(number) OVER (ORDER BY number ROWS length(file('FILE')) PRECEDING) FROM numbers(3)",
		"SELECT number AS n, 'a' AS i FROM numbers(3) ORDER BY n WITH FILL INTERPOLATE (i AS file('FILE'))", "SELECT {p:Identifier}('FILE')",
		"DESCRIBE TABLE file('FILE', 'CSV')", "DESCRIBE file('FILE')", "DESC (SELECT file('FILE'))", "DESCRIBE TABLE default.`FILE`", "EXPLAIN SELECT file('FILE')",
		"EXPLAIN PLAN SELECT * FROM file('FILE', 'LineAsString', 'l String')", "EXPLAIN SYNTAX SELECT file('FILE')", "EXPLAIN EXPLAIN AST SELECT file('FILE')",
		"SHOW TABLES WHERE throwIf(1, file('FILE'))", "SHOW COLUMNS FROM system.one WHERE file('FILE') = field", "EXISTS TABLE default.`FILE`", "SHOW CREATE TABLE default.`FILE`",
		"SELECT * FROM executable('cat FILE', TabSeparated, 'a String')", "SELECT * FROM eval('SELECT file(\\'FILE\\')')", "SELECT * FROM sqlite('FILE', 't')",
		"SELECT * FROM loop(file('FILE', 'LineAsString', 'l String')) LIMIT 1", "SELECT * FROM format(CSV, 'a String, b String DEFAULT file(\\'FILE\\')', '1')",
		"SELECT * FROM fileCluster('default', 'FILE', 'LineAsString', 'l String')", "SELECT 1 SETTINGS format_schema = 'FILE'",
		"INSERT INTO t SELECT file('FILE')", "CREATE TABLE t ENGINE = Memory AS SELECT file('FILE')", "CREATE TEMPORARY TABLE t AS SELECT file('FILE')", "SELECT 1; SELECT file('FILE')",
	} {
		for _, mode := range []string{"1", "2"} {
			got := ask(t, sup, "POST", q("readonly", mode, "database", db, "param_p", "file"), strings.ReplaceAll(s, "FILE", file))
			if mode == "2" && got.err == nil && strings.Contains(s, "SETTINGS") {
				continue // readonly=2 lets settings be changed: it is for links, not for people
			}
			if got.err != nil || got.status == 200 || !strings.HasPrefix(got.body, "Code: ") {
				t.Errorf("readonly=%s %s: %d %.300s %v", mode, s, got.status, got.body, got.err)
			}
			if strings.Contains(got.body, secret) {
				t.Errorf("readonly=%s %s: the file came out: %.300s", mode, s, got.body)
			}
		}
	}
	for _, s := range []string{
		"SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString', 'l String')", "DESCRIBE url('http://127.0.0.1:9/x.csv')", "SELECT * FROM s3('http://127.0.0.1:9/b/x.csv')",
		"SELECT * FROM remote('127.0.0.1:9', 'system.one')", "SELECT hasColumnInTable('127.0.0.1:9', 'system', 'one', 'dummy')", "SELECT reverseDNSQuery('127.0.0.1')",
		"SELECT * FROM mysql('127.0.0.1:9', 'a', 'b', 'c', 'd')", "SELECT * FROM cluster('default', system.one)",
		"KILL QUERY WHERE 1", "SYSTEM FLUSH LOGS", "SET max_threads = 1", "USE system", "DROP DATABASE " + db, "BACKUP DATABASE x TO File('/tmp/x')", "INSERT INTO t VALUES (1)",
	} {
		got := ask(t, sup, "POST", q("readonly", "1", "database", db), s)
		if c := got.head.Get("X-ClickHouse-Exception-Code"); c != "164" && c != "497" {
			t.Errorf("%s: %d %.300s", s, got.status, got.body)
		}
	}
	if got := ask(t, sup, "POST", q("readonly", "1", "query", "INSERT INTO t FORMAT Native"), "x"); got.head.Get("X-ClickHouse-Exception-Code") != "164" {
		t.Errorf("an insert: %+v", got)
	}
	// What reading is for still works.
	enginetest.Exec(t, sup, "CREATE TABLE "+db+".t (a UInt64, file String) ENGINE = MergeTree ORDER BY a", nil)
	for _, s := range []string{
		"SELECT count(), max(file) FROM t", "SELECT file FROM t FORMAT JSON", "WITH x AS (SELECT 1 AS a) SELECT * FROM x JOIN t USING a", "SELECT * EXCEPT(a) FROM t",
		"SELECT number % 3 AS k, quantile(0.9)(number) FROM numbers(10) GROUP BY k ORDER BY k WITH FILL", "SELECT {p:String}", "SELECT 'Function file'", "SELECT 1 UNION ALL (SELECT 2 EXCEPT SELECT 3)",
		"EXPLAIN indexes = 1 SELECT * FROM t WHERE a = 1", "DESCRIBE TABLE t", "SHOW CREATE TABLE t", "SHOW TABLES", "SHOW TABLES LIKE 't%'", "SELECT name FROM system.parts LIMIT 1;", "-- note\nSELECT 1",
	} {
		if got := ask(t, sup, "POST", q("readonly", "1", "database", db, "param_p", "file"), s); got.status != 200 || got.err != nil {
			t.Errorf("%s: %d %.300s %v", s, got.status, got.body, got.err)
		}
	}
}
