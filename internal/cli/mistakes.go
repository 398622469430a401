package cli

import (
	"regexp"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// mistakes are what the parser says of a command line, and what we say in its place: the
// parser knows English alone. The first form that matches counts; $1 and so on are its
// groups.
var mistakes = []struct {
	form   *regexp.Regexp
	en, ja string
}{
	{regexp.MustCompile(`^unknown flag (\S+)(?:, did you mean (?:one of )?(.+)\?)?$`),
		"there is no flag $1$did", "フラグ $1 はありません$did"},
	{regexp.MustCompile(`^unexpected argument (.+?)(?:, did you mean (?:one of )?(.+)\?)?$`),
		"$1 is not understood here$did", "$1 はここでは指定できません$did"},
	{regexp.MustCompile(`^expected one of (.+)$`),
		"one of these must follow: $1", "次のいずれかを続けて指定してください: $1"},
	{regexp.MustCompile(`^expected "<trace-id>"$`),
		"the ID of a trace is missing: yagura trace 4bf92f3577b34da6a3ce929d0e0e4736; it is in the address of a trace's page, in a log's trace_id, in a traceparent",
		"トレース ID を指定してください（例: yagura trace 4bf92f3577b34da6a3ce929d0e0e4736）。トレース画面の URL、ログの trace_id、traceparent で確認できます"},
	{regexp.MustCompile(`^expected "(.+)"$`),
		"$1 is missing", "$1 を指定してください"},
	{regexp.MustCompile(`^missing (?:positional arguments|flags:) (.+)$`),
		"$1 is missing", "$1 を指定してください"},
	{regexp.MustCompile(`^(\S+): expected .* but got "EOL" \(<EOL>\)$`),
		"$1 needs a value", "$1 には値が必要です"},
	{regexp.MustCompile(`^(\S+): expected .* value but got "?(.*?)"? \(.*\)(?:;.*)?$`),
		"$1 needs a value, and $2 looks like a flag; write $1=$2 if it is meant", "$1 には値が必要ですが、$2 はフラグと解釈されました。値として渡す場合は $1=$2 と指定してください"},
	{regexp.MustCompile(`^(\S+): expected (?:an int|a valid \d+ bit u?int) but got (.+)$`),
		"$1 needs a whole number, not $2", "$1 には整数を指定してください（$2 は指定できません）"},
	{regexp.MustCompile(`^(\S+): bool value must be .* but got (.+)$`),
		"$1 is true or false, not $2", "$1 には true か false を指定してください（$2 は指定できません）"},
	{regexp.MustCompile(`^(\S+) must be one of (?:"",)?(.+) but got (.+)$`),
		"$1 is one of $2, not $3", "$1 に指定できるのは $2 のいずれかです（$3 は指定できません）"},
}

// mistake says what is wrong with a command line.
func mistake(err error, args []string) i18n.Text {
	said := err.Error()
	for _, m := range mistakes {
		found := m.form.FindStringSubmatch(said)
		if found == nil {
			continue
		}
		if noRange(group(found, 1), args) {
			return i18n.F("a trace is found by its ID alone, whenever it was; leave %s out",
				"トレースは ID だけで検索でき、期間の指定は不要です。%s を外してください", group(found, 1))
		}
		t := i18n.T(fill(m.en, found, "; did you mean %s?"), fill(m.ja, found, "。もしかして: %s"))
		return t
	}
	return i18n.T(said, "コマンドラインが正しくありません: "+said)
}

func fill(form string, found []string, did string) string {
	guess := ""
	if len(found) > 2 && found[2] != "" && strings.Contains(form, "$did") {
		guess = strings.ReplaceAll(did, "%s", strings.ReplaceAll(found[2], `"`, ""))
	}
	// All at once: what people typed may hold a "$2" of its own.
	return strings.NewReplacer("$did", guess, "$1", group(found, 1), "$2", group(found, 2), "$3", group(found, 3)).Replace(form)
}

func group(found []string, i int) string {
	if i < len(found) {
		return found[i]
	}
	return ""
}

// noRange says that a flag is one for ranges of time, given to the one question that has
// none.
func noRange(flag string, args []string) bool {
	name, _, _ := strings.Cut(flag, "=")
	if !slices.Contains([]string{"--since", "--from", "--to", "--env"}, name) {
		return false
	}
	// The command is the first word; --lang alone may stand before it with a word of its own.
	for i, a := range args {
		if !strings.HasPrefix(a, "-") && (i == 0 || args[i-1] != "--lang") {
			return a == "trace"
		}
	}
	return false
}
