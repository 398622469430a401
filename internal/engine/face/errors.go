package face

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/engine/chdb"
)

// ClickHouse's numbers for what the face itself has to say.
const (
	codeBadArguments = 36
	codeNotImpl      = 48
	codeSyntax       = 62
	codeUnknownSet   = 115
	codeTimeout      = 159
	codeReadonly     = 164
	codeTooMany      = 202
	codeMemory       = 241
	codeNoOutfile    = 358
	codeCancelled    = 394
	codeDenied       = 497
)

var (
	errBusy    = chdb.New(codeTooMany, "TOO_MANY_SIMULTANEOUS_QUERIES", "Too many statements are waiting for the engine")
	errMemory  = chdb.New(codeMemory, "MEMORY_LIMIT_EXCEEDED", "The engine's process is over its memory limit and takes no new statements until it is below again")
	errClosing = chdb.New(codeCancelled, "QUERY_WAS_CANCELLED", "The engine is stopping")
)

func refused(format string, args ...any) error {
	return chdb.New(codeNotImpl, "NOT_IMPLEMENTED", fmt.Sprintf(format, args...))
}

func bad(format string, args ...any) error {
	return chdb.New(codeBadArguments, "BAD_ARGUMENTS", fmt.Sprintf(format, args...))
}

// status is the HTTP status that ClickHouse gives an error.
func status(code int) int {
	switch code {
	case 26, 27, 38, 41, 72, 6, 33, 62, 53, 117, 168, 167, 211, 223, 224, 69, 70, 321, 36:
		return http.StatusBadRequest
	case 46, 47, 50, 56, 60, 63, 73, 81, 115, 137, 336, 376:
		return http.StatusNotFound
	case 291, codeDenied:
		return http.StatusForbidden
	case codeNotImpl:
		return http.StatusNotImplemented
	case codeTimeout:
		return http.StatusRequestTimeout
	case codeTooMany, 439, 209:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// exception gives err in ClickHouse's words.
func exception(err error) *chdb.Error {
	var e *chdb.Error
	if errors.As(err, &e) {
		return e
	}
	return chdb.ParseError(err.Error())
}

// answerError writes an error before anything else was written.
func answerError(w http.ResponseWriter, err error) {
	e := exception(err)
	h := w.Header()
	h.Del("X-ClickHouse-Format")
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.Code))
	w.WriteHeader(status(e.Code))
	_, _ = w.Write([]byte(e.Text + "\n"))
}

// frameMax is the most of an exception's text that fits in a frame: clients search the
// last 16 KiB.
const frameMax = 8 << 10

// frame is how ClickHouse puts an exception into an answer that has begun; tag was
// announced in a header and tells it from data.
func frame(err error, tag string) []byte {
	text := exception(err).Text
	if len(text) > frameMax {
		text = strings.ToValidUTF8(text[:frameMax], "")
	}
	const mark = "__exception__\r\n"
	return fmt.Appendf(nil, "\r\n%s%s\r\n%s\n%d %s\r\n%s", mark, tag, text, len(text)+1, tag, mark)
}

func newTag() string { return rand.Text()[:16] }
