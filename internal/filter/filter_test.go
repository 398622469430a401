package filter

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

var update = flag.Bool("update", false, "write the golden files anew")

// bare takes the positions out of a tree.
func bare(n Node) Node {
	all := func(ns []Node) []Node {
		out := make([]Node, len(ns))
		for i := range ns {
			out[i] = bare(ns[i])
		}
		return out
	}
	switch n := n.(type) {
	case And:
		return And{all(n.Nodes)}
	case Or:
		return Or{all(n.Nodes)}
	case Not:
		return Not{bare(n.Node)}
	case Text:
		n.Pos = Pos{}
		return n
	case Compare:
		n.Pos = Pos{}
		return n
	}
	return n
}

func text(pieces ...string) Text { return Text{Folded: pieces} }

func eq(key, value string) Compare { return Compare{Key: key, Value: value} }

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in    string
		want  Node
		print string
	}{
		{"", All{}, "*"},
		{" \u3000\n", All{}, "*"},
		{"*", All{}, "*"},
		{"* timeout", text("timeout"), "timeout"},
		{"-*", Not{All{}}, "-*"},
		{"Timeout", text("timeout"), "timeout"},
		{"エラー", text("エラー"), "エラー"},
		{"ｴﾗｰ　ＤＢ接続", And{[]Node{text("エラー"), text("db接続")}}, "エラー db接続"},
		{`"connection reset"`, text("connection reset"), `"connection reset"`},
		{`"a*b"`, text("a*b"), `"a*b"`},
		{`"say \"hi\" C:\temp \\"`, text(`say "hi" c:\temp \`), `"say \"hi\" c:\\temp \\"`},
		{"“タイムアウト”", text("タイムアウト"), "タイムアウト"},
		{"”タイムアウト　発生”", text("タイムアウト 発生"), `"タイムアウト 発生"`},
		{"「注文」", text("「注文」"), "「注文」"},
		{"a*b**c*", text("a", "b", "c"), "a*b*c"},
		{`*"a b"*c`, text("a b", "c"), `"a b"*c`},
		{`foo"bar"`, And{[]Node{text("foo"), text("bar")}}, "foo bar"},
		{"㈱*社", text("(株)", "社"), `"(株)"*社`},
		{"a OR b c", Or{[]Node{text("a"), And{[]Node{text("b"), text("c")}}}}, "a OR b c"},
		{"(a OR b) c", And{[]Node{Or{[]Node{text("a"), text("b")}}, text("c")}}, "(a OR b) c"},
		{"（a ＯＲ b） c", And{[]Node{Or{[]Node{text("a"), text("b")}}, text("c")}}, "(a OR b) c"},
		{"a AND b", And{[]Node{text("a"), text("b")}}, "a b"},
		{"a (b (c d))", And{[]Node{text("a"), text("b"), text("c"), text("d")}}, "a b c d"},
		{"a or b", And{[]Node{text("a"), text("or"), text("b")}}, "a or b"},
		{`"OR"`, text("or"), "or"},
		{"-a NOT b", And{[]Node{Not{text("a")}, Not{text("b")}}}, "-a -b"},
		{"NOT NOT a", Not{Not{text("a")}}, "NOT -a"},
		{"-(a b)", Not{And{[]Node{text("a"), text("b")}}}, "-(a b)"},
		{"－user：bot", Not{eq("user", "bot")}, "-user:bot"},
		{"ｕｓｅｒ：bot", eq("user", "bot"), "user:bot"},
		{"エラー（タイムアウト OR 失敗）", And{[]Node{text("エラー"), Or{[]Node{text("タイムアウト"), text("失敗")}}}}, "エラー (タイムアウト OR 失敗)"},

		{"service:checkout", eq("service", "checkout"), "service:checkout"},
		{`service:"check out"`, eq("service", "check out"), `service:"check out"`},
		{`service:""`, eq("service", ""), `service:""`},
		{"service:Ａ", eq("service", "Ａ"), "service:Ａ"},
		{"key:*", Compare{Key: "key", Op: Exists}, "key:*"},
		{`key:*""*`, Compare{Key: "key", Op: Exists}, "key:*"},
		{"key:a*", Compare{Key: "key", Pattern: []string{"a", ""}}, "key:a*"},
		{`key:*"a b"**c`, Compare{Key: "key", Pattern: []string{"", "a b", "c"}}, `key:*"a b"*c`},
		{`key:"a*"`, eq("key", "a*"), `key:"a*"`},
		{"service:(a OR b*)", Or{[]Node{eq("service", "a"), Compare{Key: "service", Pattern: []string{"b", ""}}}}, "service:(a OR b*)"},
		{"-service:(a OR OR2) x", And{[]Node{Not{Or{[]Node{eq("service", "a"), eq("service", "OR2")}}}, text("x")}}, "-service:(a OR OR2) x"},
		{"service:a OR service:b", Or{[]Node{eq("service", "a"), eq("service", "b")}}, "service:(a OR b)"},
		{"service:(a)", eq("service", "a"), "service:a"},
		{"(service:a)", eq("service", "a"), "service:a"},
		{"fn:main() x", And{[]Node{eq("fn", "main()"), text("x")}}, `fn:"main()" x`},
		{"(fn:main() OR x)", Or{[]Node{eq("fn", "main()"), text("x")}}, `fn:"main()" OR x`},
		{"url:http://x:80/", eq("url", "http://x:80/"), "url:http://x:80/"},
		{"http://x:80/", text("http://x:80/"), "http://x:80/"},
		{"12:30:00", text("12:30:00"), "12:30:00"},
		{"ActiveRecord::NotFound", text("activerecord::notfound"), "activerecord::notfound"},
		{"原因:タイムアウト", text("原因:タイムアウト"), "原因:タイムアウト"},
		{`"注文 番号":12`, eq("注文 番号", "12"), `"注文 番号":12`},
		{`"注文 番号">12`, Compare{Key: "注文 番号", Op: Gt, Number: 12}, `"注文 番号">12`},
		{"error:<nil>", eq("error", "<nil>"), `error:"<nil>"`},
		{"<init>", text("<init>"), "<init>"},
		{"dGVzdA==", text("dgvzda=="), "dgvzda=="},
		{"can't", text("can't"), "can't"},
		{"level:WARNING", eq("level", "warn"), "level:warn"},
		{"severity_text:WARNING", eq("severity_text", "WARNING"), "severity_text:WARNING"},

		{"level>=error", Compare{Key: "level", Op: Ge, Number: 17, Unit: Level}, "level>=error"},
		{"level≧Err", Compare{Key: "level", Op: Ge, Number: 17, Unit: Level}, "level>=error"},
		{"level＜critical", Compare{Key: "level", Op: Lt, Number: 21, Unit: Level}, "level<fatal"},
		{"duration>1s", Compare{Key: "duration", Op: Gt, Number: 1e9, Unit: Duration}, "duration>1s"},
		{"duration＞＝１．５ｓ", Compare{Key: "duration", Op: Ge, Number: 15e8, Unit: Duration}, "duration>=1500ms"},
		{"duration<=1m30s", Compare{Key: "duration", Op: Le, Number: 90e9, Unit: Duration}, "duration<=90s"},
		{"duration>250µs", Compare{Key: "duration", Op: Gt, Number: 250e3, Unit: Duration}, "duration>250us"},
		{"duration>0", Compare{Key: "duration", Op: Gt}, "duration>0"},
		{"wait>-1.5h", Compare{Key: "wait", Op: Gt, Number: -5400e9, Unit: Duration}, "wait>-90m"},
		{"size>10MB", Compare{Key: "size", Op: Gt, Number: 10e6, Unit: Size}, "size>10MB"},
		{"size>10mib", Compare{Key: "size", Op: Gt, Number: 10 << 20, Unit: Size}, "size>10MiB"},
		{"size<0.5B", Compare{Key: "size", Op: Lt, Number: .5, Unit: Size}, "size<0.5B"},
		{"http.response.status_code>=500", Compare{Key: "http.response.status_code", Op: Ge, Number: 500}, "http.response.status_code>=500"},
		{"x>-1.5e3", Compare{Key: "x", Op: Gt, Number: -1500}, "x>-1500"},
		{`service:checkout level>=error "タイムアウト" duration>1s -user:bot`,
			And{[]Node{eq("service", "checkout"), Compare{Key: "level", Op: Ge, Number: 17, Unit: Level},
				text("タイムアウト"), Compare{Key: "duration", Op: Gt, Number: 1e9, Unit: Duration}, Not{eq("user", "bot")}}},
			`service:checkout level>=error タイムアウト duration>1s -user:bot`},
	} {
		n, err := Parse(c.in)
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
			continue
		}
		if got := bare(n); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q:\ngot  %#v\nwant %#v", c.in, got, c.want)
		}
		if got := Print(n); got != c.print {
			t.Errorf("%q prints as %s, want %s", c.in, got, c.print)
		}
		roundTrip(t, n)
	}
}

func TestParsePositions(t *testing.T) {
	in := `エラー -user:"a b" x>5`
	n, err := Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range n.(And).Nodes {
		if not, ok := n.(Not); ok {
			n = not.Node
		}
		var p Pos
		switch n := n.(type) {
		case Text:
			p = n.Pos
		case Compare:
			p = n.Pos
		}
		got = append(got, in[p.Start:p.End])
	}
	if want := []string{"エラー", `user:"a b"`, "x>5"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func roundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, n Node) {
	t.Helper()
	s := Print(n)
	if len(s) > MaxBytes {
		return // folding may lengthen a text beyond what Parse takes
	}
	again, err := Parse(s)
	if err != nil {
		t.Fatalf("%q, as printed, does not parse: %v", s, err)
	}
	if !reflect.DeepEqual(bare(n), bare(again)) {
		t.Fatalf("%q reads back as another filter:\ngot  %#v\nwant %#v", s, bare(again), bare(n))
	}
	if twice := Print(again); twice != s {
		t.Fatalf("printed twice differs: %q and %q", s, twice)
	}
}

// TestErrors is a golden of every mistake: its place and both sentences.
func TestErrors(t *testing.T) {
	var b strings.Builder
	for _, in := range []string{
		`say "hello`, `“開いたまま`, `user:"abc`, `duration>"1s`,
		`(a OR b`, `a)`, `service:(a OR b`, `main()`, `a ( )`,
		`a OR`, `OR a`, `a OR OR b`, `(a OR ) b`, `a OR ) b`, `a AND`, `AND a`, `a AND AND b`, `a AND OR b`, `NOT`, `a NOT )`,
		`service:(a OR )`, `service:(OR a)`, `service:()`, `service:(a b)`,
		`-`, `a - b`, `--verbose`,
		`service:`, `service: checkout`, `(service:)`, `"":x`, `""`, `x "" y`, "\u200d",
		`level=error`, `level!=error`, `a==b`, `ｌｅｖｅｌ＝error`, `a || b`, `a && b`,
		`status >= 500`, `status >=500`, `status> 500`, `status ： 500`,
		`status:>=500`, `level:>warn`, `user:a"b"`,
		`status>`, `status>abc`, `status>1,000`, `List<String>`, `duration>5parsec`, `duration>1s5`, `size>10MB5s`, `x>5%`, `x>1e999`,
		`duration>500`, `level>=severe2`, `level>17`, `level>`,
		"a\xffb",
		strings.Repeat("(", 25) + "a" + strings.Repeat(")", 25),
		strings.Repeat("NOT ", 25) + "a",
		strings.Repeat("a ", 101),
		"k:(" + strings.Repeat("a OR ", 100) + "b)",
		strings.Repeat("*a", 101),
		"k:" + strings.Repeat("a*", 101),
		"k:(" + strings.Repeat("a*", 60) + " OR " + strings.Repeat("b*", 60) + ")",
		strings.Repeat("a", MaxBytes+1),
	} {
		_, err := Parse(in)
		if err == nil {
			t.Errorf("%q parses", in)
			continue
		}
		f := fault.Of(err)
		if f.Code != fault.Invalid || f.Field != "filter" || f.Pos < 0 || f.End <= f.Pos || f.End > len(in) {
			t.Errorf("%q: %s of %q at %d to %d of %d", in, f.Code, f.Field, f.Pos, f.End, len(in))
			continue
		}
		show := in
		if len(show) > 60 {
			show = show[:57] + "..."
		}
		at := in[f.Pos:f.End]
		if len(at) > 30 {
			at = at[:27] + "..."
		}
		fmt.Fprintf(&b, "%q at %d-%d %q\n  %s\n  %s\n", show, f.Pos, f.End, at, f.Text.In(i18n.En), f.Text.In(i18n.Ja))
	}
	golden(t, "errors", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what the test gives; look, and run with -update if it is right:\n%s", path, got)
	}
}

// genNode draws a tree as a program could build it.
func genNode(depth int) *rapid.Generator[Node] {
	piece := rapid.OneOf(rapid.StringN(1, 8, -1), rapid.SampledFrom([]string{
		"OR", "NOT", "-a", "a b", `"`, `\`, `\\`, "*", "(x)", "（x）", ":", "//x", "<5", ">5", "a:b", "a>b", "a=b", "||",
		"エラー", "ＯＲ", "“x”", "\u200b", "　", "か\u3099", "''", "http://x", "=", "!=", "\n",
	}))
	key := rapid.OneOf(rapid.SampledFrom([]string{"service", "a.b", "k8s.pod/name", "log@x", "_"}), piece)
	leaf := rapid.Custom(func(t *rapid.T) Node {
		switch rapid.IntRange(0, 4).Draw(t, "leaf") {
		case 0:
			var folded []string
			for _, s := range rapid.SliceOfN(piece, 1, 3).Draw(t, "pieces") {
				if s = Fold(s); s != "" {
					folded = append(folded, s)
				}
			}
			if folded == nil {
				return All{}
			}
			return Text{Folded: folded}
		case 1:
			return Compare{Key: key.Draw(t, "key"), Op: Exists}
		case 2:
			return eq(key.Draw(t, "key"), rapid.OneOf(piece, rapid.Just("")).Draw(t, "value"))
		case 3:
			p := rapid.SliceOfN(piece, 2, 4).Draw(t, "pattern")
			if rapid.Bool().Draw(t, "open") {
				p[0] = ""
			}
			return Compare{Key: key.Draw(t, "key"), Pattern: p}
		default:
			return Compare{
				Key: rapid.SampledFrom([]string{"x", "a.b", "注文"}).Draw(t, "key"), Op: rapid.SampledFrom([]Op{Lt, Le, Gt, Ge}).Draw(t, "op"),
				Number: rapid.OneOf(rapid.Float64(), rapid.Map(rapid.IntRange(-1e6, 1e6), func(i int) float64 { return float64(i) * 1e3 })).Draw(t, "number"),
				Unit:   rapid.SampledFrom([]Unit{Plain, Duration, Size}).Draw(t, "unit"),
			}
		}
	})
	if depth == 0 {
		return leaf
	}
	sub := rapid.SliceOfN(genNode(depth-1), 2, 3)
	return rapid.Custom(func(t *rapid.T) Node {
		switch rapid.IntRange(0, 3).Draw(t, "node") {
		case 0:
			return AllOf(sub.Draw(t, "and")...)
		case 1:
			return AnyOf(sub.Draw(t, "or")...)
		case 2:
			return Not{genNode(depth-1).Draw(t, "not")}
		}
		return leaf.Draw(t, "leaf")
	})
}

func TestPrintReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { roundTrip(t, genNode(3).Draw(t, "filter")) })
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`service:checkout level>=error "タイムアウト" duration>1s -user:bot`, `(a OR b) c*d`, `k:(a OR "b c"* OR *)`,
		`NOT NOT -(x)`, `“全角”　－ｋｅｙ：（a ＯＲ b）`, `"k k">=1m30s`, `a:b:c http://x std::y`, `\ "\"\\"`, `㈱*"( )"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			if x := fault.Of(err); x.Code != fault.Invalid || x.Pos < 0 || x.End < x.Pos || x.End > len(s) || x.Text.Ja == "" {
				t.Fatalf("%q: a bad error: %#v", s, x)
			}
			return
		}
		roundTrip(t, n)
		Match(n, row{text: []string{s}})
	})
}
