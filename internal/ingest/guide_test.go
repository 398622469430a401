package ingest

import (
	"os"
	"strings"
	"testing"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Every reason has its place in the guide, in both languages, with the words that the
// Status page shows.
func TestEveryReasonIsInTheGuide(t *testing.T) {
	for _, lang := range []i18n.Lang{i18n.En, i18n.Ja} {
		path := "../../docs/guide/" + string(lang) + "/refusals.md"
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for reason, text := range reasonTexts {
			if !strings.Contains(string(raw), "### `"+string(reason)+"`\n\n"+text.In(lang)+"\n") {
				t.Errorf("%s lacks %s, or says it in other words", path, reason)
			}
		}
		if n := strings.Count(string(raw), "\n### `"); n != len(reasonTexts) {
			t.Errorf("%s has %d reasons, there are %d", path, n, len(reasonTexts))
		}
	}
}
