package clickhouse

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// explainSQL tells a person what is wrong with the statement, and where: in our words what
// is commonly wrong, and in the engine's the rest. before is how much stood in front of the
// text that the engine was given.
func (s *Store) explainSQL(ctx context.Context, text string, err error, before int) error {
	explained := s.explain(ctx, err)
	var ex *ch.Exception
	if !errors.As(err, &ex) {
		return explained
	}
	switch fault.Of(explained).Code {
	case fault.Timeout, fault.TooLarge, fault.Overloaded:
		return explained
	}
	words := plainWords(ex)
	f := &fault.Error{Code: fault.Invalid, Field: "query", Cause: err}
	f.Text, f.Pos, f.End = clearly(ex.Code, strings.ReplaceAll(words, s.opt.Database+".", ""), text, before)
	return f
}

var (
	failedAt     = regexp.MustCompile(`failed at position (\d+)(?: \(([^\n]*?)\))?(?: \(line \d+, col \d+\))?:`)
	expected     = regexp.MustCompile(`Expected (?:one of: )?(.+?)\.?\s*(?:\(|$)`)
	quotedName   = regexp.MustCompile("[`']([^`']+)[`']")
	maybeMeant   = regexp.MustCompile(`(?i)maybe you meant:? \[?([^\]]+?)\]?\.?\s*(?:\(|$)`)
	inWhole      = regexp.MustCompile(`(?s)[:.]? In (?:query|scope) .*$`)
	codeAtTheEnd = regexp.MustCompile(`\s*\([A-Z_]+\)\s*$`)
)

// clearly words an error of the engine by its code.
func clearly(code int32, words, text string, before int) (t i18n.Text, pos, end int) {
	words = inWhole.ReplaceAllString(codeAtTheEnd.ReplaceAllString(words, ""), "")
	name, meant := "", ""
	if m := quotedName.FindStringSubmatch(words); m != nil {
		name = m[1]
		if pos, end = whereIs(text, name); end == 0 {
			pos, end = whereIs(text, name[strings.LastIndexByte(name, '.')+1:])
		}
	}
	hint := i18n.T("", "")
	if m := maybeMeant.FindStringSubmatch(words); m != nil {
		meant = strings.Trim(m[1], "'` ")
		hint = i18n.F(" Did you mean %s?", "%s の誤りではありませんか。", meant)
	}
	switch code {
	case 62: // SYNTAX_ERROR
		if m := failedAt.FindStringSubmatch(words); m != nil {
			n, _ := strconv.Atoi(m[1])
			if m[2] == "end of query" {
				return i18n.T("The statement ends too early.", "SQL 文が途中で終わっています。"), max(0, len(text)-1), len(text)
			}
			pos, end = placeOf(n-1, m[2], text, before)
			if strings.Contains(words, "Unmatched parentheses") {
				return i18n.T("This bracket has no other half.", "対応する括弧がありません。"), pos, end
			}
			if e := expected.FindStringSubmatch(words); e != nil {
				return i18n.F("The engine cannot read the statement from here on. It expected: %s.", "この位置から構文を解釈できません。想定される記述: %s", usual(e[1])), pos, end
			}
			return i18n.T("The engine cannot read the statement from here on.", "この位置から構文を解釈できません。"), pos, end
		}
	case 47: // UNKNOWN_IDENTIFIER
		if name != "" {
			return i18n.F("There is no column %[1]s.%[2]s", "列 %[1]s はありません。%[2]s", name, hint), pos, end
		}
	case 60, 81: // UNKNOWN_TABLE, UNKNOWN_DATABASE
		m := unknownTable.FindStringSubmatch(words)
		if m != nil {
			name = m[1]
			table := name[strings.LastIndexByte(name, '.')+1:]
			if pos, end = whereIs(text, name); end == 0 {
				pos, end = whereIs(text, table)
			}
			return i18n.F("There is no table %[1]s.%[2]s", "テーブル %[1]s はありません。%[2]s", table, hint), pos, end
		}
	case 46: // UNKNOWN_FUNCTION
		if m := unknownFunction.FindStringSubmatch(words); m != nil {
			name = m[1]
			pos, end = whereIs(text, name)
			return i18n.F("There is no function %[1]s.%[2]s", "関数 %[1]s はありません。%[2]s", name, hint), pos, end
		}
	case 164: // READONLY
		return i18n.T("Only reading is possible here, and a statement cannot change its own limits (SETTINGS).",
			"読み取り専用です。SQL 文の中で制限値（SETTINGS）を変更することもできません。"), 0, 0
	case 497: // ACCESS_DENIED
		return i18n.F("Only the tables of telemetry can be read here. %s", "参照できるのはテレメトリーのテーブルだけです。%s", clip(words)), pos, end
	case 215: // NOT_AN_AGGREGATE
		return i18n.F("A column is neither in GROUP BY nor within a function that aggregates. %s", "GROUP BY にも集約関数にも含まれない列があります。%s", clip(words)), pos, end
	case 43, 53, 386: // ILLEGAL_TYPE_OF_ARGUMENT, TYPE_MISMATCH, NO_COMMON_TYPE
		return i18n.F("The types do not fit. %s", "型が一致しません。%s", clip(words)), pos, end
	case 42, 35, 34: // numbers of arguments
		return i18n.F("The number of arguments is wrong. %s", "引数の数が正しくありません。%s", clip(words)), pos, end
	case 6, 27, 38, 41, 72: // cannot parse
		return i18n.F("A value cannot be read as its type. %s", "値を指定された型として解釈できません。%s", clip(words)), pos, end
	}
	return i18n.F("The engine does not take this statement: %s", "この SQL は実行できません: %s", clip(words)), pos, end
}

// placeOf finds where a token is. The embedded engine parses a statement behind a prefix of
// its own; whether it did, the token tells.
func placeOf(at int, token, text string, before int) (pos, end int) {
	for _, in := range []int{before + len(explainAST), before, 0} {
		if p := at - in; token != "" && p >= 0 && p < len(text) && strings.HasPrefix(text[p:], token) {
			return p, p + len(token)
		}
	}
	pos = max(0, min(at-before, len(text)))
	return pos, len(text)
}

// usual are the first of what the parser expected, without what nobody would write here.
func usual(list string) string {
	var out []string
	for _, w := range strings.Split(list, ", ") {
		if !slices.Contains([]string{"token", "end of query", "INTO OUTFILE", "FORMAT", "SETTINGS", "ParallelWithClause", "PARALLEL WITH", "OpeningRoundBracket"}, w) && len(out) < 8 {
			out = append(out, map[string]string{"Comma": "`,`", "Dot": "`.`", "Equals": "`=`"}[w])
			if out[len(out)-1] == "" {
				out[len(out)-1] = w
			}
		}
	}
	return strings.Join(out, ", ")
}

var (
	unknownTable    = regexp.MustCompile("(?:Unknown table expression identifier|Table|Database) [`']?([^`'\\s]+?)[`']?(?: in scope| does not exist|\\.\\s| doesn't)")
	unknownFunction = regexp.MustCompile("[Ff]unction (?:with name )?[`']?([A-Za-z_0-9]+)[`']?")
)

// clip keeps of the engine's words what a person reads.
func clip(words string) string {
	if r := []rune(words); len(r) > 400 {
		return string(r[:400]) + "…"
	}
	return words
}
