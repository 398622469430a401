// Package fault is the one kind of error that crosses a room's border: a code that a
// program can act on, a sentence that a person can act on, and the cause for the log.
//
// The api room turns a fault into problem+json, the CLI into a line and an exit status.
// What has no fault in its chain is Internal: its text is logged and never shown.
package fault

import (
	"errors"
	"fmt"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Code says what kind of trouble it is, and so who can mend it.
type Code string

// The codes, each with the HTTP status that the api room gives it.
const (
	Invalid         Code = "invalid"         // 400/422: the asker's input; Field names where
	Unauthenticated Code = "unauthenticated" // 401: who are you
	Forbidden       Code = "forbidden"       // 403: you may not
	NotFound        Code = "not_found"       // 404
	Conflict        Code = "conflict"        // 409: somebody was quicker, or it exists already
	TooLarge        Code = "too_large"       // 413
	Overloaded      Code = "overloaded"      // 429: come back after RetryAfter
	Unavailable     Code = "unavailable"     // 503: a part is away; come back after RetryAfter
	Timeout         Code = "timeout"         // 504: took longer than allowed; narrow the question
	Internal        Code = "internal"        // 500: ours to mend
)

// Error is a fault. Text says what is wrong and how to mend it.
type Error struct {
	Code  Code
	Text  i18n.Text
	Field string // the input at fault, as the asker named it: "filter", "from", "users[0].email"
	// Pos and End are the byte range within the field that is wrong, when it is a text
	// with a grammar (a filter, a query). Both 0 when unknown.
	Pos, End   int
	RetryAfter time.Duration // for Overloaded and Unavailable
	Cause      error         // for the log; never shown
}

func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Text.En
	if e.Field != "" {
		s = string(e.Code) + ": " + e.Field + ": " + e.Text.En
	}
	if e.Cause != nil {
		// By fmt, which survives a cause that panics when asked: a fault is what is left to
		// say when something went wrong, and must not go wrong itself.
		s += ": " + fmt.Sprint(e.Cause)
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// New makes a fault of a code.
func New(code Code, text i18n.Text) *Error { return &Error{Code: code, Text: text} }

// Field makes an Invalid fault that names the input at fault.
func Field(field string, text i18n.Text) *Error {
	return &Error{Code: Invalid, Field: field, Text: text}
}

// Wrap makes a fault that keeps its cause for the log.
func Wrap(cause error, code Code, text i18n.Text) *Error {
	return &Error{Code: code, Text: text, Cause: cause}
}

// Retry makes an Unavailable or Overloaded fault that says when to come back.
func Retry(code Code, after time.Duration, text i18n.Text) *Error {
	return &Error{Code: code, Text: text, RetryAfter: after}
}

// Of finds the fault in err's chain, or makes an Internal one around it.
// Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return &Error{Code: Internal, Cause: err, Text: i18n.T(
		"Something went wrong on our side. The server's log has the details.",
		"サーバー側で問題が発生しました。詳細はサーバーのログにあります。")}
}

// Is says whether err is a fault of this code.
func Is(err error, code Code) bool { return err != nil && Of(err).Code == code }

// Internalf is an error of ours, with a message for the log.
func Internalf(format string, args ...any) error {
	return Of(fmt.Errorf(format, args...))
}
