package clickhouse

import (
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Whatever a person writes, only the tables of Tables are read.
func TestSQLReadsTelemetryAlone(t *testing.T) {
	s := newStore(t)
	r := telemetry.Range{From: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	ask := func(text string) (telemetry.Table, error) {
		return s.SQL(t.Context(), telemetry.SQLQuery{Text: text, Range: r, Limit: 1})
	}
	for _, bad := range []string{
		"SELECT * FROM system.tables", "SELECT path FROM `system`.`parts`", `SELECT * FROM "system"."parts"`, "SELECT * FROM system . /* c */ parts", "SELECT * FROM SYSTEM.parts",
		"SELECT 1 FROM spans, system.disks", "SELECT 1 FROM spans JOIN system.disks ON 1", "SELECT (SELECT any(path) FROM system.disks)", "WITH x AS (SELECT * FROM system.disks) SELECT * FROM x",
		"WITH (SELECT any(path) FROM system.disks) AS p SELECT p", "SELECT 1 UNION ALL SELECT 2 FROM system.disks", "SELECT 1 EXCEPT SELECT 2 FROM system.disks", "FROM system.disks SELECT path",
		"SELECT * FROM (SELECT * FROM system.disks)", "SELECT 1 WHERE 1 IN (SELECT 1 FROM system.one)", "SELECT 0 IN system.one", "SELECT 0 IN (system.one)", "SELECT 0 GLOBAL NOT IN system.one", "SELECT in(0, system.one)",
		"SELECT * FROM information_schema.tables", "SELECT * FROM INFORMATION_SCHEMA.COLUMNS", "SELECT * FROM default.x",
		"SELECT * FROM merge('system', '.*')", "SELECT * FROM merge('.*')", "SELECT * FROM merge(REGEXP('.*'), '.*')", "SELECT * FROM view(SELECT * FROM system.disks)", "SELECT * FROM loop(system.disks)",
		"SELECT * FROM remote('127.0.0.1', system.one)", "SELECT * FROM remoteSecure('127.0.0.1', system.one)", "SELECT * FROM cluster('default', system.one)", "SELECT * FROM clusterAllReplicas('default', system.one)",
		"SELECT * FROM file('/etc/passwd')", "SELECT * FROM url('http://127.0.0.1:1/')", "SELECT * FROM s3('http://127.0.0.1:1/x')", "SELECT * FROM dictionary('d')", "SELECT * FROM sqlite('x', 'y')",
		"SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')", "SELECT * FROM mergeTreeIndex(" + s.opt.Database + ", spans)", "SELECT * FROM input('a Int8')", "SELECT * FROM generateRandom('a Int8')",
		"SELECT * FROM (SHOW TABLES FROM system)", "SELECT * FROM (EXPLAIN SELECT * FROM system.disks)", "SELECT * FROM (DESCRIBE TABLE system.disks)", "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
		"DESCRIBE TABLE system.disks", "DESC system.disks", "DESCRIBE (SELECT * FROM system.disks)", "SHOW TABLES FROM system", "SHOW CREATE TABLE spans", "SHOW DATABASES", "SHOW SETTINGS LIKE '%'", "SHOW PROCESSLIST", "SHOW TABLES", "EXISTS TABLE system.disks", "SHOW GRANTS",
		"EXPLAIN SELECT * FROM system.disks", "EXPLAIN PLAN indexes = 1 SELECT * FROM system.parts", "EXPLAIN ESTIMATE SELECT * FROM system.parts", "EXPLAIN AST DROP TABLE spans", "EXPLAIN SYNTAX SELECT * FROM system.parts", "EXPLAIN QUERY TREE SELECT * FROM system.parts",
		"SELECT dictGet('d', 'x', 1)", "SELECT joinGet('system.one', 'dummy', 1)", "SELECT hasColumnInTable('system', 'one', 'dummy')", "SELECT getServerSetting('path')", "SELECT getMacro('x')", "SELECT hostName()", "SELECT filesystemAvailable()", "SELECT getSetting('log_comment')",
		"SELECT arrayMap(x -> dictGet('d', 'x', x), [1])", "SELECT * APPLY(hostName) FROM spans", "SELECT 1 SETTINGS max_result_rows = 1",
		"SELECT * FROM rebuilds", "SELECT * FROM " + s.opt.Database + ".rebuilds", "SELECT * FROM spans_trial", "SELECT * FROM {from:Identifier}.x", "SELECT 1 IN rebuilds", "SELECT 1 IN " + s.opt.Database + ".rebuilds",
		"SELECT 1 AS `x\n   TableIdentifier spans`, * FROM system.disks", "SELECT 1 -- \n FROM system.disks", "SELECT 1 FROM/**/system./**/disks", "SELECT * FROM spans AS a, system.disks AS spans", "SELECT * FROM `system.disks`",
	} {
		got, err := ask(bad)
		if f := fault.Of(err); err == nil || f.Code != fault.Invalid || f.Field != "query" || f.Text.Ja == f.Text.En {
			t.Errorf("%s: %+v, %v", bad, got, err)
		} else if strings.Contains(f.Text.En+f.Text.Ja, "Stack trace") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	for _, good := range []string{
		"SELECT * FROM spans", "SELECT * FROM " + s.opt.Database + ".spans AS s", "SELECT s.service, spans.name FROM spans, spans AS s", "WITH x AS (SELECT service FROM logs) SELECT * FROM x", "WITH x AS (SELECT 1 AS k) SELECT 1 IN x",
		"SELECT service IN (SELECT service FROM logs) FROM spans", "SELECT mapKeys(attributes) AS k FROM spans ARRAY JOIN mapValues(attributes) AS v", "SELECT * FROM numbers(3)", "SELECT * FROM view(SELECT 1)",
		"SELECT countIf(status = 2) / count() FROM spans WHERE time >= {from:DateTime64(9)}", "SELECT uniqMerge(users) FROM minutes_errors", "DESCRIBE TABLE spans", "DESCRIBE spans", "EXPLAIN SELECT * FROM spans", "EXPLAIN indexes = 1 SELECT * FROM spans", "EXPLAIN AST SELECT 1",
		"SELECT 'FROM system.disks', 'TableIdentifier system.disks'", "  \n-- note\nSELECT 1;  ", "SELECT attributes['system.disk'] AS `disk.system` FROM spans", "SELECT service, toStartOfMinute(time) AS m, count() OVER (PARTITION BY service) FROM spans", "SELECT 1 UNION ALL SELECT 2",
	} {
		if _, err := ask(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	tables, err := s.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if _, err := ask("SELECT * FROM " + table.Name); err != nil {
			t.Errorf("%s is listed: %v", table.Name, err)
		}
	}
}

func TestSQLErrorsHaveTheirPlace(t *testing.T) {
	s := newStore(t)
	for _, c := range []struct{ text, at, en string }{
		{"SELECT service\nFORM spans x y", "spans", "cannot read"},
		{"SELECT 日本 FROM spans WHERE nobody = 1 AND 1", "日", "cannot read"},
		{"SELECT nobody FROM spans", "nobody", "There is no column nobody"},
		{"  SELECT servise FROM spans", "servise", "Did you mean service?"},
		{"SELECT * FROM `nothing`", "`nothing`", "There is no table nothing"},
		{"SELECT '日本', nofunc(1)", "nofunc", "There is no function nofunc"},
		{"SELECT * FROM system.parts", "system.parts", "cannot be read here"},
		{"SELECT count( FROM spans", "(", "no other half"},
		{"SELECT service, count() FROM spans", "service", "neither in GROUP BY"},
		{"SELECT (", "(", "no other half"},
		{"SELECT", "", "too early"},
		{"SELECT 1 SETTINGS max_threads = 1", "", "Only reading"},
		{"SELECT service + 1 FROM spans", "", "types do not fit"},
	} {
		_, err := s.SQL(t.Context(), telemetry.SQLQuery{Text: c.text, Range: telemetry.Range{From: start, To: start.Add(time.Hour)}, Limit: 10})
		f := fault.Of(err)
		if err == nil || f.Field != "query" || !strings.Contains(f.Text.En, c.en) {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if f.Pos < 0 || f.End < f.Pos || f.End > len(c.text) || c.at != "" && c.text[f.Pos:f.End] != c.at {
			t.Errorf("%s: at %d to %d, %s", c.text, f.Pos, f.End, f.Text.En)
		}
	}
}

func TestSQLProgress(t *testing.T) {
	s := newStore(t)
	r := telemetry.Range{From: start, To: start.Add(time.Hour)}
	done := make(chan error, 1)
	go func() {
		_, err := s.SQL(t.Context(), telemetry.SQLQuery{Text: "SELECT count() FROM numbers(150000000) WHERE sipHash64(number) = 1", Range: r, Limit: 1, Run: "user:u1:run-12345"})
		done <- err
	}()
	var last telemetry.SQLProgress
	for {
		p, found, err := s.SQLProgress(t.Context(), "user:u1:run-12345")
		if err != nil {
			t.Fatal(err)
		}
		if found && p.Rows > 0 {
			if p.Bytes < p.Rows || p.Elapsed <= 0 {
				t.Errorf("%+v", p)
			}
			last = p
			break
		}
		select {
		case err := <-done:
			t.Fatal("it ended unseen", err)
		default:
		}
	}
	if _, found, err := s.SQLProgress(t.Context(), "user:u2:run-12345"); found || err != nil {
		t.Errorf("another's run shows: %v", err)
	}
	if last.TotalRows < last.Rows {
		t.Errorf("%+v", last)
	}
	<-done
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, found, err := s.SQLProgress(t.Context(), "user:u1:run-12345"); err != nil || time.Now().After(deadline) {
			t.Fatalf("it has ended, and shows: %v", err)
		} else if !found {
			return
		}
	}
}
