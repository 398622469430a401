package clickhouse

import (
	"context"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// A statement of a person's reads the tables that Tables lists, and nothing else: the
// engine's own tables tell of the server's folders, of what others ask, and of every
// database beside Yagura's. readonly=1 does not stop that, and of a ClickHouse elsewhere
// nobody promises that its grants do. So the engine is asked for its syntax tree, and what
// is named there is looked up in lists. A name that a person chose may look like a line of
// the tree; that can refuse too much, never too little.

// explainAST stands before a statement whose tree is asked for.
const explainAST = "EXPLAIN AST "

// sqlRoots are the statements that only read what they name.
var sqlRoots = []string{"SelectWithUnionQuery", "SelectIntersectExceptQuery", "Explain", "DescribeQuery"}

// sqlSources are the table functions that read nothing but their arguments. The statement
// within view() is in the tree.
var sqlSources = []string{"numbers", "numbers_mt", "zeros", "zeros_mt", "generate_series", "generateseries", "values", "view"}

// sqlReaching are functions that read something beside their arguments: dictionaries, joined
// tables, files, the server and its configuration.
var sqlReaching = regexp.MustCompile(`^(dict|joinget|file$|filesystem|catboost|reversedns|hascolumnintable$|getserver|getmacro|getclienthttp|getmaxtable|` +
	`addressto|demangle$|showcertificate|zookeeper|serveruuid$|hostname$|fqdn$|tcpport$|buildid$|ai[a-z]+$|structureto|mergetreepart|` +
	`getsetting|getosinformation|getoskernel|uptime$|displayname$|connectionid$|currentuser$|user$|currentprofiles$|enabledprofiles$|defaultprofiles$|currentroles$|enabledroles$|defaultroles$|getauthentication)`)

// schemaTables are what a statement can name in Yagura's database.
type schemaTables struct {
	open   []string // may be read
	hidden []string // are there, and may not
}

// ownTable begins the names of the tables that Yagura keeps its own work in.
var ownTable = regexp.MustCompile(`^(rebuild|kept_|schema_)`)

// readable says which tables there are, by the one rule that Tables goes by too.
const readable = "engine NOT IN ('Null', 'MaterializedView') AND NOT endsWith(name, '_local') AND NOT startsWith(name, '.') AND NOT startsWith(name, '_')"

func (s *Store) schemaTables(ctx context.Context) (t schemaTables, err error) {
	q := &statement{}
	q.text("SELECT name, toUInt8(", readable, ") FROM system.tables WHERE database = ", q.str(s.opt.Database))
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var name string
		var open uint8
		if err := r.Scan(&name, &open); err != nil {
			return err
		}
		if open == 1 && !ownTable.MatchString(name) {
			t.open = append(t.open, name)
		} else {
			t.hidden = append(t.hidden, name)
		}
		return nil
	})
	return t, err
}

// tableFunctions are the names of the engine's sources and of functions that somebody added
// to it; they do not change while it runs, but it may be replaced by another.
func (s *Store) tableFunctions(ctx context.Context) (names []string, err error) {
	q := &statement{}
	q.text("SELECT lower(name) FROM system.table_functions UNION DISTINCT SELECT lower(name) FROM system.functions WHERE toString(origin) != 'System'")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var name string
		err := r.Scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

// guardSQL refuses a statement that names what is not for people.
func (s *Store) guardSQL(ctx context.Context, text string, params ...any) error {
	tables, err := s.schemaTables(ctx)
	if err != nil {
		return err
	}
	functions, err := s.tableFunctions(ctx)
	if err != nil {
		return err
	}
	// max_query_size counts the words in front too.
	body, err := s.reads.QueryFormat(ctx, "TabSeparatedRaw", explainAST+text, params...)
	if err != nil {
		return s.explainSQL(ctx, text, err, len(explainAST))
	}
	defer func() { _ = body.Close() }()
	const most = 64 << 20 // of a tree; a statement of 100 KB has less
	tree, err := io.ReadAll(io.LimitReader(body, most+1))
	if err == nil && len(tree) > most {
		err = fault.Field("query", i18n.T("The statement is too large.", "SQL 文が大きすぎます。"))
	}
	if err != nil {
		return s.explainSQL(ctx, text, brokenOff(tree, err), len(explainAST))
	}
	return judge(text, string(tree), s.opt.Database, tables, functions)
}

// judge looks through a syntax tree.
func judge(text, tree, database string, tables schemaTables, functions []string) error {
	lines := strings.Split(strings.TrimRight(tree, "\n"), "\n")
	node := func(line string) (kind, name string) {
		kind, name, _ = strings.Cut(strings.TrimLeft(line, " "), " ")
		if at := strings.LastIndex(name, " (children "); at >= 0 {
			name = name[:at]
		} else if strings.HasPrefix(name, "(children ") {
			name = ""
		}
		if at := strings.Index(name, " (alias "); at >= 0 {
			name = name[:at]
		}
		return kind, name
	}
	root, _ := node(lines[0])
	within := root
	for _, line := range lines[1:] {
		// What EXPLAIN explains stands one step in; the settings beside it change nothing.
		if kind, _ := node(line); root == "Explain" && strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "  ") && kind != "Set" {
			within = kind
		}
	}
	if !slices.Contains(sqlRoots, root) || root == "Explain" && !slices.Contains(sqlRoots[:2], within) {
		return fault.Field("query", i18n.T(
			"Only SELECT, EXPLAIN of a SELECT and DESCRIBE TABLE can be run here. The list of tables shows what there is.",
			"実行できるのは SELECT、SELECT の EXPLAIN、DESCRIBE TABLE だけです。使用できるテーブルは一覧を参照してください。"))
	}
	source := false // the line before opened a source
	for _, line := range lines {
		kind, name := node(line)
		switch kind {
		case "ColumnsApplyTransformer": // the tree does not show what is applied
			return refuseName(text, "APPLY", i18n.T("APPLY cannot be used here. Write the function for each column.", "APPLY は使用できません。列ごとに関数を記述してください。"))
		case "TableIdentifier":
			if !tables.may(name, database) {
				return refuseTable(text, name, tables.open)
			}
		case "Identifier":
			// IN may be followed by the name of a table.
			if first, rest, dotted := strings.Cut(name, "."); dotted && strings.EqualFold(first, database) && !slices.Contains(tables.open, rest) && !strings.Contains(rest, ".") ||
				dotted && foreign(first) || slices.Contains(tables.hidden, name) && !slices.Contains(tables.open, name) {
				return refuseTable(text, name, tables.open)
			}
		case "Function":
			low := strings.ToLower(name)
			if sqlReaching.MatchString(low) || (source || slices.Contains(functions, low)) && !slices.Contains(sqlSources, low) {
				return refuseName(text, name, i18n.F(
					"The function %s cannot be used here: it reads something other than telemetry.",
					"関数 %s は使用できません。テレメトリー以外のデータを参照するためです。", name))
			}
		}
		source = kind == "TableExpression"
	}
	return nil
}

// may says whether a table may be read. A name without a database that no table has is a
// WITH's, or nobody's; then the engine says so.
func (t schemaTables) may(name, database string) bool {
	if slices.Contains(t.hidden, name) {
		return false
	}
	of, table, dotted := strings.Cut(name, ".")
	if !dotted {
		return name != ""
	}
	return of == database && slices.Contains(t.open, table)
}

// foreign are the databases that every ClickHouse has. A column of an alias of that name is
// refused with them.
func foreign(name string) bool {
	return slices.Contains([]string{"system", "information_schema", "default", "_temporary_and_external_tables"}, strings.ToLower(name))
}

func refuseTable(text, name string, open []string) error {
	return refuseName(text, name, i18n.F(
		"%q cannot be read here. The tables are: %s.", "%q は参照できません。使用できるテーブル: %s", name, strings.Join(open, ", ")))
}

func refuseName(text, name string, why i18n.Text) error {
	f := fault.Field("query", why)
	f.Pos, f.End = whereIs(text, name)
	return f
}

// whereIs finds a name in a statement, however it is quoted; 0, 0 when it is not as it is.
func whereIs(text, name string) (pos, end int) {
	if name == "" {
		return 0, 0
	}
	parts := strings.Split(name, ".")
	for i, p := range parts {
		parts[i] = "[`\"]?" + regexp.QuoteMeta(p) + "[`\"]?"
	}
	re, err := regexp.Compile(`(?i)(?:^|[^\pL\pN_])(` + strings.Join(parts, `\s*\.\s*`) + `)(?:$|[^\pL\pN_])`)
	if err != nil {
		return 0, 0
	}
	if m := re.FindStringSubmatchIndex(text); m != nil {
		return m[2], m[3]
	}
	return 0, 0
}
