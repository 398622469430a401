package filter

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type row struct {
	text   []string
	values map[string]string
}

func (r row) Text() []string                     { return r.text }
func (r row) Value(k string) (v string, ok bool) { v, ok = r.values[k]; return }

func TestMatch(t *testing.T) {
	r := row{
		text: []string{"DB接続エラーが発生しました", "Connection Reset by peer (株)", "abcabc"},
		values: map[string]string{
			"service": "checkout", "level": "error", "severity_number": "18", "duration": "1500000000", "empty": "",
			"http.response.status_code": "503", "hex": "0x10", "inf": "Inf", "spaced": " 5", "neg": "-3.5e1", "star": "a*c", "huge": "1e999",
		},
	}
	for filter, want := range map[string]bool{
		"*": true, "-*": false,
		"エラー": true, "ｴﾗｰ": true, "か": false, "が": true, "ＤＢ接続": true, "ｄｂ": true,
		"connection": true, `"connection reset"`: true, `"reset connection"`: false, `"peer (株) abc"`: false, "㈱": true,
		"connection*peer": true, "peer*connection": false, "db*peer": false, "abc*abc": true, "abc*bc*c": false, "ab*b*c": true,
		"timeout": false, "-timeout": true, "timeout OR reset": true, "reset timeout": false,
		"service:checkout": true, "service:Checkout": false, "service:check": false, "service:check*": true, "service:*out": true,
		"service:*eck*": true, "service:c*k*t": true, "service:checkout*checkout": false, "service:*": true, "none:*": false, "none:x": false, "-none:x": true,
		`empty:""`: true, `none:""`: false, "empty:*": true,
		`star:"a*c"`: true, `star:"a*"`: false, "star:a*": true,
		"level>=error": true, "level>error": false, "level>=warn": true, "level<fatal": true, "level:ERROR": true,
		"severity_number>=17": true, "severity>=error": false,
		"duration>1s": true, "duration>1.5s": false, "duration>=1.5s": true, "duration<2s": true,
		"http.response.status_code>=500": true, "http.response.status_code<500": false, "http.response.status_code:5*": true,
		"hex>1": false, "-hex>1": true, "inf>1": false, "spaced>1": false, "neg<-34": true, "neg>-36": true, "service>1": false, "none>1": false, "none<1": false, "huge>1": false,
		"service:(cart OR checkout)": true, "-service:(cart OR checkout)": false,
	} {
		n, err := Parse(filter)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got := Match(n, r); got != want {
			t.Errorf("%s: %v", filter, got)
		}
	}
	if !Match(nil, r) {
		t.Error("no filter matches nothing")
	}
}

// TestLevelRoundsDown: a row may give its severity by number.
func TestLevelRoundsDown(t *testing.T) {
	n, _ := Parse("severity>error")
	for v, want := range map[string]bool{"17": false, "20": false, "21": true, "0": false, "25": false, "FATAL": true, "?": false} {
		if got := Match(n, row{values: map[string]string{"severity": v}}); got != want {
			t.Errorf("%s: %v", v, got)
		}
	}
}

// TestPatternIsRegexp holds the two kinds of pattern against regular expressions.
func TestPatternIsRegexp(t *testing.T) {
	short := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		s := short.Draw(t, "s")
		p := strings.Split(rapid.StringOfN(rapid.RuneFrom([]rune("ab*")), 1, 6, -1).Draw(t, "pattern"), "*")
		if len(p) < 2 {
			t.Skip()
		}
		if got, want := like(s, p), regexp.MustCompile("^"+strings.Join(p, ".*")+"$").MatchString(s); got != want {
			t.Fatalf("like(%q, %q) is %v", s, p, got)
		}
		if got, want := inOrder(s, p), regexp.MustCompile(strings.Join(p, ".*")).MatchString(s); got != want {
			t.Fatalf("inOrder(%q, %q) is %v", s, p, got)
		}
	})
}

// TestPrintKeepsMeaning: what is printed selects the same rows.
func TestPrintKeepsMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := genNode(2).Draw(t, "filter")
		again, err := Parse(Print(n))
		if err != nil {
			t.Fatal(err)
		}
		r := row{
			text:   rapid.SliceOfN(rapid.StringN(0, 10, -1), 0, 2).Draw(t, "text"),
			values: rapid.MapOf(rapid.SampledFrom([]string{"service", "a.b", "x", "OR"}), rapid.SampledFrom([]string{"OR", "1000", "-5", "", "a b"})).Draw(t, "values"),
		}
		if Match(n, r) != Match(again, r) {
			t.Fatalf("%s", Print(n))
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	n, err := Parse(`service:checkout level>=error (タイムアウト OR timeout) duration>1s -user:bot`)
	if err != nil {
		b.Fatal(err)
	}
	r := row{
		text:   []string{strings.Repeat("The connection to the payment service was reset. ", 4) + "接続がタイムアウトしました"},
		values: map[string]string{"service": "checkout", "level": "error", "duration": "2000000000"},
	}
	b.ReportAllocs()
	for b.Loop() {
		if !Match(n, r) {
			b.Fatal("no match")
		}
	}
}
