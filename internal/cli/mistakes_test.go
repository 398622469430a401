package cli

import (
	"bytes"
	"strings"
	"testing"
)

// Every mistake on a command line is told in the language that was asked for.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ line, en, ja string }{
		{"serve --bogus", "there is no flag --bogus", "フラグ --bogus はありません"},
		{"logs search --sinc 1h", "there is no flag --sinc; did you mean --since?", "フラグ --sinc はありません。もしかして: --since"},
		{"servic", "servic is not understood here; did you mean serve, services?", "servic はここでは指定できません。もしかして: serve, services"},
		{"version $2", "$2 is not understood here", "$2 はここでは指定できません"},
		{"logs", `one of these must follow: "search", "count", "tail"`, `次のいずれかを続けて指定してください: "search", "count", "tail"`},
		{"trace", "the ID of a trace is missing: yagura trace 4bf92f3577b34da6a3ce929d0e0e4736; it is in the address of a trace's page, in a log's trace_id, in a traceparent",
			"トレース ID を指定してください（例: yagura trace 4bf92f3577b34da6a3ce929d0e0e4736）。トレース画面の URL、ログの trace_id、traceparent で確認できます"},
		{"metrics query", "<promql> ... is missing", "<promql> ... を指定してください"},
		{"logs search --limit", "--limit needs a value", "--limit には値が必要です"},
		{"logs search --filter", "there is no flag --filter", "フラグ --filter はありません"},
		{"logs search --since --utc", "--since needs a value, and --utc looks like a flag; write --since=--utc if it is meant", "--since には値が必要ですが、--utc はフラグと解釈されました。値として渡す場合は --since=--utc と指定してください"},
		{"logs search --limit=x", `--limit needs a whole number, not "x"`, `--limit には整数を指定してください（"x" は指定できません）`},
		{"serve --no-auth=maybe", `--no-auth is true or false, not "maybe"`, `--no-auth には true か false を指定してください（"maybe" は指定できません）`},
		{"trace abc --since 1h", "a trace is found by its ID alone, whenever it was; leave --since out", "トレースは ID だけで検索でき、期間の指定は不要です。--since を外してください"},
	} {
		for lang, want := range map[string]string{"en": c.en, "ja": c.ja} {
			var out, err bytes.Buffer
			p := Process{Args: append([]string{"--lang", lang}, strings.Fields(c.line)...), Lookup: func(string) (string, bool) { return "", false },
				Stdin: strings.NewReader(""), Stdout: &out, Stderr: &err}
			if code := Main(t.Context(), p); code != 2 {
				t.Errorf("%s: exit status %d", c.line, code)
			}
			first, _, _ := strings.Cut(err.String(), "\n")
			if first != "yagura: "+want || out.Len() > 0 {
				t.Errorf("%s, %s:\n  %q\nwant\n  %q", c.line, lang, first, "yagura: "+want)
			}
		}
	}
	var err bytes.Buffer
	p := Process{Args: []string{"--lang=fr", "version"}, Lookup: func(string) (string, bool) { return "", false }, Stdout: &err, Stderr: &err}
	if code := Main(t.Context(), p); code != 2 || !strings.Contains(err.String(), `--lang is one of "ja","en", not "fr"`) {
		t.Errorf("%d: %s", code, err.String())
	}
}
