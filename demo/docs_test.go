package demo

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of flaws into the guides")

// The guides' tables of flaws are those of the code.
func TestTheGuidesListTheFlaws(t *testing.T) {
	for lang, heads := range map[string]string{
		"en": "| flaw | service | endpoint | twin | what is wrong |",
		"ja": "| 欠陥 | サービス | エンドポイント | 正しい対 | 内容 |",
	} {
		var b strings.Builder
		fmt.Fprintf(&b, "%s\n|---|---|---|---|---|\n", heads)
		for _, f := range Flaws() {
			what := f.En
			if lang == "ja" {
				what = f.Ja
			}
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | `%s` | %s |\n", f.ID, f.Service, f.Endpoint, f.Clean, what)
		}
		path := filepath.Join("..", "docs", "guide", lang, "demo.md")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), b.String()) {
			continue
		}
		if !*update {
			t.Errorf("%s does not have this table (-update writes it):\n%s", path, b.String())
			continue
		}
		lines := strings.Split(string(raw), "\n")
		var out []string
		for i, l := range lines {
			switch {
			case l == "FLAWS" || strings.HasPrefix(l, heads[:6]) && i+1 < len(lines) && strings.Count(l, "|") == 6:
				out = append(out, strings.TrimSuffix(b.String(), "\n"))
			case strings.HasPrefix(l, "| `") && strings.Count(l, "|") == 6, l == "|---|---|---|---|---|":
			default:
				out = append(out, l)
			}
		}
		if err := os.WriteFile(path, []byte(strings.Join(out, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
