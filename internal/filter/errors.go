package filter

import (
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// bad is an error at a place. The sentences say what is wrong and how to mend it.
func bad(pos Pos, en, ja string, args ...any) error {
	f := fault.Field("filter", i18n.F(en, ja, args...))
	f.Pos, f.End = pos.Start, pos.End
	return f
}

func errTooLong(n int) error {
	return bad(Pos{MaxBytes, n},
		"The filter is too long: %d bytes, where %d are the limit. Leave some terms out, or use * for what the values share.",
		"フィルターが長すぎます（%d バイト、上限は %d バイト）。条件を減らすか、共通部分を * でまとめてください。", n, MaxBytes)
}

func errNotUTF8(text string) error {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return bad(Pos{at, at + 1},
		"The filter is not valid UTF-8 here. Send it as UTF-8.",
		"この位置が UTF-8 として正しくありません。UTF-8 で送信してください。")
}

func errTooMany(start, end int) error {
	return bad(Pos{start, end},
		"There are more than %d terms, where each piece between stars counts as one. Leave some out.",
		"条件が %d 個を超えています（* で区切った各部分も 1 個と数えます）。条件を減らしてください。", MaxTerms)
}

func errTooDeep(start, end int) error {
	return bad(Pos{start, end},
		"Parentheses and NOTs are nested more than %d deep. Take some away.",
		"括弧と NOT の入れ子が %d 段を超えています。入れ子を減らしてください。", MaxDepth)
}

func errUnopened(start, end int) error {
	return bad(Pos{start, end},
		`This parenthesis closes nothing. Take it away, open one before it, or put the text in quotes: "a)".`,
		`対応する「(」がありません。この括弧を消すか、前に「(」を付けてください。文字として探すときは "a)" のように引用符で囲みます。`)
}

func errUnclosed(start, end int) error {
	return bad(Pos{start, end},
		`This parenthesis is never closed. Add a ")", or put the text in quotes: "f(x".`,
		`この括弧が閉じられていません。「)」を付けてください。文字として探すときは "f(x" のように引用符で囲みます。`)
}

func errEmptyParens(start, end int) error {
	return bad(Pos{start, end},
		`There is nothing between these parentheses. Put a term there, or put the text in quotes: "main()".`,
		`括弧の中が空です。条件を書くか、文字として探すときは "main()" のように引用符で囲んでください。`)
}

func errDangling(word string, start, end int) error {
	if word == "NOT" {
		return bad(Pos{start, end},
			`NOT needs a term after it: NOT user:bot. To look for the word itself, write "NOT" in quotes.`,
			`NOT の後に条件がありません（例: NOT user:bot）。この語そのものを探すときは "NOT" と引用符で囲んでください。`)
	}
	return bad(Pos{start, end},
		`%[1]s needs a term on both sides: timeout %[1]s reset. To look for the word itself, write "%[1]s" in quotes.`,
		`%[1]s の両側に条件が必要です（例: timeout %[1]s reset）。この語そのものを探すときは "%[1]s" と引用符で囲んでください。`, word)
}

func errTwoMinus(start, end int) error {
	return bad(Pos{start, end},
		`One minus turns a term round; two are not understood. To look for the text as it is, put it in quotes: "--verbose".`,
		`「-」は 1 つで除外になります。2 つ続けては書けません。そのままの文字列を探すときは "--verbose" のように引用符で囲んでください。`)
}

func errLoneMinus(start, end int) error {
	return bad(Pos{start, end},
		`A minus needs a term right after it, without a space: -user:bot. To look for a minus, write "-" in quotes.`,
		`「-」の直後に、空白を入れずに条件を書いてください（例: -user:bot）。「-」そのものを探すときは "-" と引用符で囲みます。`)
}

func errQuote(start, end int) error {
	return bad(Pos{start, end},
		`This quote is never closed. Add a closing quote, or write \" within quotes to look for one.`,
		`この引用符が閉じられていません。閉じる引用符を付けてください。引用符そのものを探すときは、引用符の中に \" と書きます。`)
}

func errQuoteInside(start, end int) error {
	return bad(Pos{start, end},
		`A quote within a value is not understood. Put the whole value in quotes: key:"a \"b\" c".`,
		`値の途中に引用符は書けません。値全体を引用符で囲んでください（例: key:"a \"b\" c"）。`)
}

func errEmptyText(pos Pos) error {
	return bad(pos,
		"There is nothing to look for here. Write some text, or take this away.",
		"探す文字列が空です。文字列を書くか、この部分を消してください。")
}

func errEmptyKey(start, end int) error {
	return bad(Pos{start, end},
		"The key is empty. Write the name of an attribute before the operator.",
		"キーが空です。演算子の前に属性名を書いてください。")
}

func errNoKey(pos Pos, op string) error {
	return bad(pos,
		`%[1]s needs a key right before it and a value right after, without spaces: status%[2]s500. To look for it as text, write "%[1]s" in quotes.`,
		`「%[1]s」の前後には、空白を入れずにキーと値を書いてください（例: status%[2]s500）。文字として探すときは "%[1]s" と引用符で囲みます。`, op, exampleOp(op))
}

// exampleOp is an operator of the language that is meant by op.
func exampleOp(op string) string {
	switch op = plainText(op); op {
	case "<", "<=", ">", ">=":
		return op
	case "≧", "≥":
		return ">="
	case "≦", "≤":
		return "<="
	}
	return ":"
}

func errForeign(pos Pos, raw string) error {
	if raw == "||" {
		return bad(pos, `Write OR instead of ||: timeout OR reset. To look for it as text, write "||" in quotes.`,
			`|| ではなく OR と書いてください（例: timeout OR reset）。文字として探すときは "||" と引用符で囲みます。`)
	}
	return bad(pos, `Leave && out: terms side by side must all hold. To look for it as text, write "&&" in quotes.`,
		`&& は不要です。条件を空白で並べると、すべてを満たすものに絞られます。文字として探すときは "&&" と引用符で囲みます。`)
}

func errForeignOp(pos Pos, key, op, value string) error {
	not := ""
	if op[0] == '!' {
		not = "-"
	}
	if value == "" {
		value = "value"
	}
	fix := not + printKey(key) + ":" + clip(value)
	return bad(pos,
		`There is no operator %[1]s. Did you mean %[2]s? To look for the text as it is, put it in quotes.`,
		`演算子「%[1]s」はありません。%[2]s の誤りではありませんか。そのままの文字列を探すときは引用符で囲んでください。`, op, fix)
}

func errColonOrder(pos Pos, key, op, right string) error {
	return bad(pos,
		`Write the comparison without the colon: %[1]s%[2]s%[3]s.`,
		`比較には「:」を付けません。%[1]s%[2]s%[3]s と書いてください。`, printKey(key), op, clip(right))
}

func errEmptyValue(pos Pos, key string) error {
	return bad(pos,
		`%[1]s: needs a value right after the colon, without a space: %[1]s:value. For an empty value write %[1]s:"", for any value %[1]s:*; to look for the text as it is, put it in quotes.`,
		`「%[1]s:」の直後に、空白を入れずに値を書いてください（例: %[1]s:value）。空の値は %[1]s:""、値の有無だけを見るときは %[1]s:* です。そのままの文字列を探すときは引用符で囲みます。`, clip(printKey(key)))
}

func errGroup(pos Pos, key string) error {
	return bad(pos,
		`Between the values of %[1]s:( ) stands OR: %[1]s:(a OR b). A value with a space goes in quotes.`,
		`%[1]s:( ) の値は OR でつなぎます（例: %[1]s:(a OR b)）。空白を含む値は引用符で囲んでください。`, clip(printKey(key)))
}

func errNoNumber(pos Pos, key, op string) error {
	return bad(pos,
		`%[1]s%[2]s needs a value right after it, without a space: %[1]s%[2]s%[3]s. To look for the text as it is, put it in quotes.`,
		`「%[1]s%[2]s」の直後に、空白を入れずに値を書いてください（例: %[1]s%[2]s%[3]s）。そのままの文字列を探すときは引用符で囲みます。`, clip(printKey(key)), op, exampleValue(key))
}

func errNotNumber(pos Pos, key, op, right string) error {
	return bad(pos,
		`%[4]s is not a number. Write a number, a duration or a size, without commas: %[1]s%[2]s%[3]s. For an exact text use a colon, %[1]s:%[4]s; to look for the text as it is, put it in quotes.`,
		`「%[4]s」は数値ではありません。数値・時間・サイズを桁区切りなしで書いてください（例: %[1]s%[2]s%[3]s）。値の完全一致は %[1]s:%[4]s と書きます。そのままの文字列を探すときは引用符で囲んでください。`,
		clip(printKey(key)), op, exampleValue(key), clip(right))
}

func exampleValue(key string) string {
	switch {
	case isLevelKey(key):
		return "error"
	case key == "duration":
		return "300ms"
	}
	return "500"
}

func errUnit(pos Pos, right, unit string) error {
	return bad(pos,
		`The unit %[2]s in %[1]s is not known. Durations: ns us ms s m h d, as in 300ms or 1m30s. Sizes: B kB MB GB TB KiB MiB GiB TiB, as in 10MB.`,
		`「%[1]s」の単位「%[2]s」は使えません。時間は ns us ms s m h d（例: 300ms、1m30s）、サイズは B kB MB GB TB KiB MiB GiB TiB（例: 10MB）で書きます。`, clip(right), clip(unit))
}

func errNeedsUnit(pos Pos, right string) error {
	return bad(pos,
		`A duration needs its unit: %[1]sms or %[1]ss? Units are ns us ms s m h d.`,
		`時間には単位が必要です。%[1]sms または %[1]ss のように書いてください。単位は ns us ms s m h d です。`, clip(right))
}

func errLevel(pos Pos, right string) error {
	return bad(pos,
		`%s is not a level. The levels are trace, debug, info, warn, error and fatal: level>=error.`,
		`「%s」はレベルではありません。レベルは trace debug info warn error fatal です（例: level>=error）。`, clip(right))
}

// clip keeps a quotation from what somebody wrote short.
func clip(s string) string {
	const most = 40
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}
