package clickhouse

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

var update = flag.Bool("update", false, "write the goldens anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is no longer what it was; see what changed with -update and git diff. Now:\n%s", path, got)
	}
}

// TestSchema keeps the schema from changing unseen, alone and on a cluster, and has the
// engine parse what it cannot run.
func TestSchema(t *testing.T) {
	s := newStore(t)
	for name, d := range map[string]ddl{"schema.sql": {Database: "yagura"}, "schema_cluster.sql": {Database: "yagura", Cluster: "main"}} {
		steps, err := migrations(d)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for i, m := range steps {
			if m.version != i+1 {
				t.Errorf("migration %s is the %dth", m.name, i+1)
			}
			fmt.Fprintf(&b, "-- %s\n", m.name)
			for _, q := range m.statements {
				fmt.Fprintf(&b, "%s;\n\n", q)
				if err := s.admin.Exec(context.Background(), "EXPLAIN AST "+q); err != nil {
					t.Errorf("%s: %s: %v", name, q, err)
				}
			}
		}
		golden(t, name, b.String())
	}
}

func TestMigrateTwice(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	// A crash between a step and its note leaves the step undone on paper.
	if err := s.admin.Exec(ctx, "TRUNCATE TABLE "+s.opt.Database+".schema_migrations"); err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	steps, err := migrations(ddl{Database: s.opt.Database})
	if err != nil {
		t.Fatal(err)
	}
	if done, err := s.applied(ctx, ddl{s.opt.Database, ""}); err != nil || len(done) != len(steps) {
		t.Errorf("%v %v", done, err)
	}
}

var filterTexts = []string{
	`*`,
	`timeout`,
	`接続エラー`,
	`ＤＢ*ｴﾗｰ`,
	`"100% of a_b"`,
	`-debug`,
	`service:checkout level>=error`,
	`level:warn`,
	`-level:info`,
	`service:check* host:*-1 version:1.*.3`,
	`trace:0af7651916cd43dd8448eb211c80319c`,
	`k8s.pod.name:web-1`,
	`attributes.level:9 resource.os.type:linux`,
	`http.response.status_code>=500`,
	`user:*`,
	`user:u1 OR (user:u2 -env:staging)`,
	`status:error kind:server duration>1.5s`,
}

// TestFilterSQL shows what filters become.
func TestFilterSQL(t *testing.T) {
	var b strings.Builder
	for _, text := range filterTexts {
		fmt.Fprintf(&b, "# %s\n", text)
		for _, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
			n, err := telemetry.ParseFilter(signal, text)
			if err != nil {
				fmt.Fprintf(&b, "%s: %v\n", signal, err)
				continue
			}
			q := &statement{signal: signal}
			w, err := q.where(n)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s: %s\n", signal, w)
			for _, p := range q.params {
				v := p.(driver.NamedValue)
				fmt.Fprintf(&b, "\t%s = %#v\n", v.Name, v.Value)
			}
		}
		b.WriteByte('\n')
	}
	golden(t, "filters.txt", b.String())
}

// TestSkips: a question about a minute reads that minute, and of one service that service.
func TestSkips(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	g := telemetrytest.NewGen(1, start, 100*time.Millisecond)
	f, _ := s.EncodeLogs(nil, g.Logs(nil, 200_000)) // five and a half hours, 25 granules
	if err := s.Write(ctx, telemetry.Logs, "rows", [][]byte{f}); err != nil {
		t.Fatal(err)
	}
	sel := newSelection(telemetry.Logs, telemetry.Query{Range: telemetry.Range{From: start.Add(time.Hour), To: start.Add(time.Hour + time.Minute)}})
	q := &statement{}
	q.text("EXPLAIN ESTIMATE SELECT body")
	if err := sel.condition(q, sel.from, sel.to); err != nil {
		t.Fatal(err)
	}
	var marks uint64
	if err := s.answer(ctx, q, func(r driver.Rows) error {
		var db, table string
		var parts, rows uint64
		return r.Scan(&db, &table, &parts, &rows, &marks)
	}); err != nil || marks == 0 || marks > 3 {
		t.Errorf("a minute of five hours reads %d granules of 25: %v", marks, err)
	}
}
