// Package shape finds what rows have in common: it reduces a path to its route, a
// statement to its form, a log line to its pattern, an error to what makes it the same
// error again, and names the far end of a call.
//
// path.go reduces paths; mask.go log lines and messages; sql.go and command.go what is
// asked of databases; peer.go names peers; stack.go finds a service's own frame; errors.go
// identifies errors; shaper.go applies all of them to rows; bound.go keeps the number of
// different results of a service within limits.
//
// Invariants: everything but Shaper and Bound is pure. The same text gives the same shape
// in every process and version that has the same Version; a change to what is found
// raises it. No input makes it fail or take more than linear time; results are valid
// UTF-8 where the input was, and no longer than their limits.
package shape

import (
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Version counts the ways in which shapes were found.
const Version = 1

// Limits in bytes, without the ellipsis of what was cut.
const (
	maxPattern   = 300  // of a log pattern or an error's message
	maxStatement = 1000 // of a statement's text
	maxName      = 200  // of an endpoint, a peer, a frame, a type
	maxInput     = 8 << 10
)

// ID is the id of a text; never 0.
func ID(text string) telemetry.ShapeID {
	if h := xxhash.Sum64String(text); h != 0 {
		return telemetry.ShapeID(h)
	}
	return 1
}

// of is the shape of a normalised text. The id is of the whole of it, the text is cut.
func of(text string, limit int) telemetry.Shape {
	if text == "" {
		return telemetry.Shape{}
	}
	return telemetry.Shape{ID: ID(text), Text: cut(text, limit)}
}

// cut shortens a text to limit bytes, at a character's begin, and says so.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return clip(s, limit) + "…"
}

// clip shortens a text to limit bytes, at a character's begin.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
func alpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func hexDigit(c byte) bool {
	return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// hasDigit says whether there is a digit in a text.
func hasDigit(s string) bool {
	for i := range len(s) {
		if digit(s[i]) {
			return true
		}
	}
	return false
}

// isID says whether a word without separators looks made up by a machine: hexadecimal of
// eight and more with a digit in it, or letters and digits in turns.
func isID(s string) bool {
	if len(s) < 8 {
		return false
	}
	digits, letters, turns, hex := 0, 0, 0, true
	for i := range len(s) {
		c := s[i]
		switch {
		case digit(c):
			digits++
		case alpha(c):
			letters++
		default:
			return false
		}
		if !hexDigit(c) {
			hex = false
		}
		if i > 0 && digit(c) != digit(s[i-1]) {
			turns++
		}
	}
	if digits == 0 {
		return len(s) >= 32 && hex
	}
	return letters == 0 || hex || turns >= 3 || digits >= 2 && len(s) >= 20
}

// isUUID says whether a text is 8-4-4-4-12 hexadecimal digits.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !hexDigit(s[i]) {
			return false
		}
	}
	return true
}
