package clickhouse

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/filter"
)

// What words are looked for in is the row's parts (telemetry.LogText, SpanText), folded
// and joined. The fold is Go's filter.Fold, done here on the way in: so what a filter
// finds does not hang on the engine's version of Unicode. It is stored (the column
// folded) only where the engine could not do it with lower(), for rows that are not plain
// ASCII; the rest costs no bytes.
//
// The parts are joined by NUL, so that no word is found across two. For a text that holds
// a NUL itself the bytes 0 to 3 are written as three bytes of 1 to 3, of which the first
// is always 1: a piece written so is found where it stands, and nowhere else.

// separator stands between the parts of a row's text.
const separator = "\x00"

const controls = "\x00\x01\x02\x03"

var escapeControls = strings.NewReplacer(
	"\x00", "\x01\x02\x02",
	"\x01", "\x01\x02\x03",
	"\x02", "\x01\x03\x02",
	"\x03", "\x01\x03\x03",
)

// foldText is s as it stands in the stored text.
func foldText(s string) string { return escapeText(filter.Fold(s)) }

func escapeText(s string) string {
	if strings.ContainsAny(s, controls) {
		return escapeControls.Replace(s)
	}
	return s
}

// plain says that the engine's lower(s) is foldText(s).
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 || s[i] < 4 {
			return false
		}
	}
	return true
}

// The text of a row, in SQL.
const logText = "if(empty(folded), lower(body), folded)"

const spanText = `if(empty(folded), lower(concatWithSeparator('\0', name, status_message, exception_type, exception_message, db_query_text, url_path, url_full)), folded)`
