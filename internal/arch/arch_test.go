package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/yagura-sre/yagura/"

// base rooms know nothing of what Yagura is for, so that anything may stand on them.
var base = []string{"fault", "clock", "id", "i18n", "config", "authz", "job", "sqldb", "api", "filter", "netguard", "notify", "process", "self", "tlsfile"}

// rooms is the river of docs/ARCHITECTURE.md from left to right: a room imports only
// base rooms and rooms to its left, so that data flows one way and a room can be
// understood without those that stand on it. A sideways need is a small interface that
// the asking room declares and app binds. Retention stands behind the catalog because its
// rules are for services, and before backup, which it must not know.
var rooms = []string{"engine", "telemetry", "people", "ingest", "catalog", "retention", "backup", "timeline", "release", "code", "errorgroup", "view", "insight", "mcp", "chat"}

// top may import everything, because joining rooms is what it does.
var top = []string{"app", "cli", "arch"}

type file struct {
	path string // from the root, with slashes
	room string // the folder under internal/, or "" outside
	ast  *ast.File
	test bool
	gen  bool
	n    int // lines
}

func (f file) imports() []string {
	var out []string
	for _, i := range f.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		out = append(out, p)
	}
	return out
}

var fset = token.NewFileSet()

func tree(t *testing.T) []file {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []file
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == "node_modules" || name == ".git" || name == "testdata" || name == "data" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(fset, p, src, parser.ParseComments)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		f := file{
			path: filepath.ToSlash(rel), ast: parsed,
			test: strings.HasSuffix(p, "_test.go"),
			gen:  ast.IsGenerated(parsed),
			n:    strings.Count(string(src), "\n"),
		}
		if rest, ok := strings.CutPrefix(f.path, "internal/"); ok {
			f.room, _, _ = strings.Cut(rest, "/")
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d Go files found: the walk is broken", len(files))
	}
	return files
}

// supports says that a file is there for tests alone (enginetest, telemetrytest ...).
func (f file) supports() bool {
	return f.test || strings.HasSuffix(filepath.Base(filepath.Dir(f.path)), "test")
}

func TestEveryRoomIsInTheTable(t *testing.T) {
	all := slices.Concat(base, rooms, top)
	for _, f := range tree(t) {
		if f.room != "" && !slices.Contains(all, f.room) {
			t.Errorf("%s: room %q is in no list of this test; decide where in the river it stands", f.path, f.room)
		}
	}
}

func TestRoomsImportOnlyToTheirLeft(t *testing.T) {
	for _, f := range tree(t) {
		if f.room == "" || f.supports() || slices.Contains(top, f.room) {
			continue
		}
		for _, imp := range f.imports() {
			rest, ok := strings.CutPrefix(imp, module+"internal/")
			if !ok {
				continue
			}
			to, _, _ := strings.Cut(rest, "/")
			switch {
			case to == f.room || slices.Contains(base, to):
				// Base rooms may lean on each other; Go itself forbids circles.
			case slices.Contains(base, f.room):
				t.Errorf("%s: base room %s imports capability %s; base rooms are what all others stand on", f.path, f.room, to)
			case slices.Index(rooms, to) < 0 || slices.Index(rooms, to) > slices.Index(rooms, f.room):
				t.Errorf("%s: %s imports %s, which is not to its left; declare a small interface and bind it in app", f.path, f.room, to)
			}
		}
	}
}

func TestOnlyTheClientIsForOthers(t *testing.T) {
	for _, f := range tree(t) {
		if !strings.HasPrefix(f.path, "client/") {
			continue
		}
		for _, imp := range f.imports() {
			if strings.HasPrefix(imp, module) {
				t.Errorf("%s imports %s; the client is what others import, and must not pull the product in", f.path, imp)
			}
		}
	}
}

// forbidden imports, where they are allowed, and why they are not elsewhere.
var forbidden = []struct {
	path    string
	allowed func(f file) bool
	why     string
}{
	{"database/sql", func(f file) bool {
		return f.room == "sqldb" || strings.HasPrefix(f.path, "internal/telemetry/clickhouse/") || filepath.Base(f.path) == "store.go"
	}, "SQL stays in one file a room, so that its schema is seen whole"},
	{"github.com/ClickHouse/clickhouse-go/v2", func(f file) bool {
		return strings.HasPrefix(f.path, "internal/telemetry/clickhouse/")
	}, "one room knows how facts are stored"},
	{"github.com/ebitengine/purego", func(f file) bool { return f.room == "engine" },
		"nothing else knows that the engine is a library"},
	{"math/rand", func(file) bool { return false }, "math/rand/v2 is the one way"},
	{"log", func(file) bool { return false }, "log/slog is the one way to log"},
	{"unsafe", func(f file) bool {
		return f.room == "engine" || strings.HasPrefix(f.path, "internal/telemetry/clickhouse/")
	},
		"memory safety is given up only where C is called or a row is decoded"},
}

func TestForbiddenImports(t *testing.T) {
	for _, f := range tree(t) {
		if f.room == "" || f.supports() || f.gen {
			continue
		}
		for _, imp := range f.imports() {
			for _, rule := range forbidden {
				if imp == rule.path && !rule.allowed(f) {
					t.Errorf("%s imports %s: %s", f.path, imp, rule.why)
				}
			}
		}
	}
}

// calls that only one room may make, and why.
var calls = []struct {
	pkg, name string
	room      string
	why       string
}{
	{"time", "Now", "clock", "time comes from a clock.Clock, so that tests can move it"},
	{"time", "Since", "clock", "use clock.Since"},
	{"time", "Until", "clock", "time comes from a clock.Clock"},
	{"time", "After", "clock", "use clock.Clock.After"},
	{"time", "AfterFunc", "clock", "use clock.Clock"},
	{"time", "Sleep", "clock", "use clock.Clock.Sleep, which a context can end"},
	{"time", "Tick", "clock", "use clock.Clock"},
	{"time", "NewTicker", "clock", "use clock.Clock"},
	{"time", "NewTimer", "clock", "use clock.Clock"},
	{"os", "Getenv", "config", "settings come in through config, where they are checked and documented"},
	{"os", "LookupEnv", "config", "settings come in through config"},
	{"os", "Environ", "config", "settings come in through config"},
	{"http", "Get", "netguard", "outbound requests go through netguard"},
	{"http", "Post", "netguard", "outbound requests go through netguard"},
	{"http", "ListenAndServe", "", "servers need timeouts: build an http.Server"},
}

func TestForbiddenCalls(t *testing.T) {
	for _, f := range tree(t) {
		if f.room == "" || f.supports() {
			continue
		}
		imported := f.imports()
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok || pkg.Obj != nil {
				return true
			}
			for _, c := range calls {
				std := c.pkg
				if std == "http" {
					std = "net/http"
				}
				if pkg.Name == c.pkg && sel.Sel.Name == c.name && f.room != c.room && slices.Contains(imported, std) {
					t.Errorf("%s: %s.%s: %s", fset.Position(sel.Pos()), c.pkg, c.name, c.why)
				}
			}
			return true
		})
	}
}

func TestServersOnlyWhereTheyBelong(t *testing.T) {
	rooms := []string{"api", "ingest", "engine", "mcp", "chat", "inbound", "app"}
	for _, f := range tree(t) {
		if f.room == "" || f.supports() || slices.Contains(rooms, f.room) || filepath.Base(f.path) == "http.go" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if sel, ok := lit.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Server" {
				if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "http" {
					t.Errorf("%s: an http.Server outside %v: one place to look for what listens", fset.Position(lit.Pos()), rooms)
				}
			}
			return true
		})
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, f := range tree(t) {
		if !f.gen && f.n > 600 {
			t.Errorf("%s has %d lines; over 600 nobody reads a file whole, so split it by what its parts are for", f.path, f.n)
		}
	}
}

func TestEveryPackageHasADoc(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range tree(t) {
		dir := filepath.ToSlash(filepath.Dir(f.path))
		if f.test || strings.HasPrefix(dir, "tools/") {
			continue
		}
		documented[dir] = documented[dir] || f.ast.Doc != nil
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment: say what it is for, its invariants and its units", dir)
		}
	}
}
