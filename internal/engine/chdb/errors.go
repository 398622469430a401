package chdb

import (
	"strconv"
	"strings"
)

// Error is an exception of the engine.
type Error struct {
	Code int    // ClickHouse's number, 1001 when the text carries none
	Text string // the whole text: "Code: 60. DB::Exception: … (UNKNOWN_TABLE)"
}

func (e *Error) Error() string { return e.Text }

// StdException is ClickHouse's number for an exception without one of its own.
const StdException = 1001

// ParseError reads an exception's text. The text is kept whole; where it lacks the number
// in front it is put there, because clients look for it.
func ParseError(text string) *Error {
	text = strings.TrimRight(text, "\r\n ")
	if rest, ok := strings.CutPrefix(text, "Code: "); ok {
		num, _, ok := strings.Cut(rest, ".")
		if n, err := strconv.Atoi(strings.TrimSpace(num)); ok && err == nil && n > 0 {
			return &Error{Code: n, Text: text}
		}
	}
	return New(StdException, "STD_EXCEPTION", text)
}

// New makes an exception of our own in ClickHouse's words.
func New(code int, name, text string) *Error {
	return &Error{Code: code, Text: "Code: " + strconv.Itoa(code) + ". DB::Exception: " + text + " (" + name + ")"}
}
