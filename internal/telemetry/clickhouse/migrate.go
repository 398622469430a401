package clickhouse

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"text/template"

	ch "github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is a step of the schema: a file NNNN_name.sql, rendered and cut into
// statements. Steps are never changed once released, only added, and each is safe to run
// twice, because a crash may come between a step and its note in schema_migrations.
type migration struct {
	version    int
	name       string
	statements []string
}

// ddl is what a migration's template can ask for. Without a cluster it yields plain
// tables; with one, replicated tables named …_local under distributed ones.
type ddl struct{ Database, Cluster string }

func (d ddl) OnCluster() string {
	if d.Cluster == "" {
		return ""
	}
	return "ON CLUSTER " + d.Cluster
}

// Table is what is read and written.
func (d ddl) Table(name string) string { return d.Database + "." + name }

// Local is what holds the rows, on each server.
func (d ddl) Local(name string) string {
	if d.Cluster == "" {
		return d.Table(name)
	}
	return d.Table(name) + "_local"
}

// Engine is a table's engine of the MergeTree family.
func (d ddl) Engine(kind, name string) string {
	if d.Cluster == "" {
		return kind
	}
	return fmt.Sprintf("Replicated%s('/yagura/%s/{shard}/%s', '{replica}')", kind, d.Database, name)
}

// Distributed lays a table over the cluster's local ones. An insert names its shard, so
// the sharding key is never asked.
func (d ddl) Distributed(name string) string {
	if d.Cluster == "" {
		return ""
	}
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s %s AS %s ENGINE = Distributed(%s, %s, %s, rand());",
		d.Table(name), d.OnCluster(), d.Local(name), d.Cluster, d.Database, name+"_local")
}

// LogText is what words are looked for in, of a log.
func (ddl) LogText() string { return logText }

// OwnColumns declares the columns of ownColumns.
func (ddl) OwnColumns() (lines []string) {
	for _, c := range ownColumns {
		typ := "LowCardinality(String)"
		if c.text {
			typ = "String"
		}
		lines = append(lines, fmt.Sprintf("%-26s %-23s", c.column, typ))
	}
	return lines
}

// dedupWindow is how many blocks of a partition a table remembers the tokens of. A block
// of the write-ahead log that spans midnight counts twice.
const dedupWindow = 10000

// Settings are those of the tables of rows: an acknowledged block is on disk; a token is
// remembered long; merges take many parts at once, because every time a row is merged
// costs as much as its insert; the text index is not built by inserts and merges (Maintain
// does it, once for each part that has settled).
func (d ddl) Settings() string {
	return d.TraceSettings() + `,
    materialize_skip_indexes_on_merge = 0`
}

// TraceSettings are those of a table that a view fills.
func (ddl) TraceSettings() string {
	return "non_replicated_deduplication_window = " + strconv.Itoa(dedupWindow) + ", fsync_after_insert = 1, fsync_part_directory = 1,\n    min_parts_to_merge_at_once = 16"
}

// RowTables are the tables that blocks go to, by themselves or through views.
func (ddl) RowTables() []string {
	return []string{"logs", "spans", "trace_times", "minutes_requests", "minutes_instances", "minutes_errors", "minutes_logs", "error_groups"}
}

func migrations(d ddl) ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, file := range names {
		text, err := migrationFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		m := migration{name: strings.TrimSuffix(strings.TrimPrefix(file, "migrations/"), ".sql")}
		if m.version, err = strconv.Atoi(m.name[:4]); err != nil {
			return nil, fmt.Errorf("migration %s: %w", file, err)
		}
		t, err := template.New(file).Option("missingkey=error").Parse(string(text))
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		if err := t.Execute(&b, d); err != nil {
			return nil, err
		}
		m.statements = statements(b.String())
		all = append(all, m)
	}
	return all, nil
}

// statements cuts a file at the semicolons that end a line, and drops the comments.
func statements(text string) (all []string) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "--") {
			continue
		}
		b.WriteString(line)
		if strings.HasSuffix(strings.TrimRight(line, " \n"), ";") {
			all = append(all, strings.TrimRight(strings.TrimSpace(b.String()), ";"))
			b.Reset()
		}
	}
	if rest := strings.TrimSpace(b.String()); rest != "" {
		all = append(all, rest)
	}
	return all
}

// Migrate brings the schema up to date: it makes the database, and runs the steps that
// were not yet run. It is safe to run twice, and by two processes at once.
func (s *Store) Migrate(ctx context.Context) error {
	d := ddl{s.opt.Database, s.opt.Cluster}
	steps, err := migrations(d)
	if err != nil {
		return err
	}
	ctx = ch.Context(ctx, ch.WithSettings(ch.Settings{
		"enable_full_text_index":                 1,
		"distributed_ddl_task_timeout":           120,
		"allow_suspicious_low_cardinality_types": 1,
	}))
	for _, q := range []string{
		"CREATE DATABASE IF NOT EXISTS " + d.Database + " " + d.OnCluster(),
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s %s (version UInt32, name String, applied DateTime DEFAULT now()) ENGINE = %s ORDER BY version",
			d.Table("schema_migrations"), d.OnCluster(), d.everywhere("ReplacingMergeTree", "schema_migrations")),
	} {
		if err := s.admin.Exec(ctx, q); err != nil {
			return s.explain(ctx, fmt.Errorf("%s: %w", q, err))
		}
	}
	done, err := s.applied(ctx, d)
	if err != nil {
		return s.explain(ctx, err)
	}
	for _, m := range steps {
		if done[uint32(m.version)] {
			continue
		}
		for _, q := range m.statements {
			if err := s.admin.Exec(ctx, q); err != nil {
				return s.explain(ctx, fmt.Errorf("migration %s: %w", m.name, err))
			}
		}
		note := "INSERT INTO " + d.Table("schema_migrations") + " (version, name) SELECT {version:UInt32}, {name:String}"
		if err := s.admin.Exec(ctx, note, ch.Named("version", m.version), ch.Named("name", m.name)); err != nil {
			return s.explain(ctx, fmt.Errorf("note migration %s: %w", m.name, err))
		}
		s.opt.Log.Info("the schema of logs and spans was brought up to date", "migration", m.name)
	}
	return nil
}

// everywhere is Engine for a table whose rows every server has.
func (d ddl) everywhere(kind, name string) string {
	if d.Cluster == "" {
		return kind
	}
	return fmt.Sprintf("Replicated%s('/yagura/%s/all/%s', '{shard}-{replica}')", kind, d.Database, name)
}

// EverywherePlain is everywhere, for templates.
func (d ddl) EverywherePlain(kind, name string) string { return d.everywhere(kind, name) }

// Everywhere is everywhere, for an engine with an argument.
func (d ddl) Everywhere(kind, name, arg string) string {
	if d.Cluster == "" {
		return kind + "(" + arg + ")"
	}
	return strings.TrimSuffix(d.everywhere(kind, name), ")") + ", " + arg + ")"
}

func (s *Store) applied(ctx context.Context, d ddl) (map[uint32]bool, error) {
	rows, err := s.admin.Query(ctx, "SELECT DISTINCT version FROM "+d.Table("schema_migrations"))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	done := map[uint32]bool{}
	for rows.Next() {
		var v uint32
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		done[v] = true
	}
	return done, rows.Err()
}
