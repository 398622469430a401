// Package i18n holds the two languages that everything a person reads exists in.
//
// A text is declared as a pair where it is used, so that a missing translation is a
// compile error and not a hole found by a reader. Nothing is looked up by key.
package i18n

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Lang is a language that Yagura speaks.
type Lang string

// The languages. English is what a reader gets who asks for neither.
const (
	En Lang = "en"
	Ja Lang = "ja"
)

// Text is one sentence in both languages.
type Text struct{ En, Ja string }

// T makes a text of two sentences that say the same.
func T(en, ja string) Text { return Text{En: en, Ja: ja} }

// F is T with the verbs of fmt; both sentences take the same arguments. Use indexed
// verbs (%[1]s) where the languages want another order. An argument that is itself a
// Text is rendered in the language of its sentence.
func F(en, ja string, args ...any) Text {
	return Text{En: fmt.Sprintf(en, in(En, args)...), Ja: fmt.Sprintf(ja, in(Ja, args)...)}
}

func in(l Lang, args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if t, ok := a.(Text); ok {
			a = t.In(l)
		}
		out[i] = a
	}
	return out
}

// In gives the sentence in l.
func (t Text) In(l Lang) string {
	if l == Ja && t.Ja != "" {
		return t.Ja
	}
	return t.En
}

// String is the English sentence: what logs and wrapped Go errors carry.
func (t Text) String() string { return t.En }

// IsZero says that there is no text.
func (t Text) IsZero() bool { return t.En == "" && t.Ja == "" }

// Parse reads a language from what a browser (Accept-Language) or a shell (LANG) says:
// the first of its languages that Yagura speaks, else English.
func Parse(s string) Lang {
	for part := range strings.SplitSeq(s, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		tag = strings.ToLower(tag)
		switch {
		case strings.HasPrefix(tag, "ja"):
			return Ja
		case strings.HasPrefix(tag, "en"):
			return En
		}
	}
	return En
}

// Short is a text without white space around it, cut to at most n characters.
func Short(s string, n int) string {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
