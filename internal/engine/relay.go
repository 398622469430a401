package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
)

// lineMax is the longest line of the child's that is kept whole.
const lineMax = 64 << 10

// relay writes what the child says into the server's log: its own JSON lines with their
// level and fields, everything else (the library's words, a crash) as it is. It returns
// the last line of the second kind or error, which often says why the child ended.
func relay(r io.Reader, log *slog.Logger) (last string) {
	br := bufio.NewReaderSize(r, lineMax)
	for {
		line, err := br.ReadSlice('\n')
		text := string(trim(line))
		if text != "" {
			if level, msg, attrs, ok := parseLine(text); ok {
				log.LogAttrs(context.Background(), level, "engine: "+msg, attrs...)
				if level >= slog.LevelError {
					last = text
				}
			} else if frame.MatchString(text) {
				log.Debug("engine says", "line", text)
			} else {
				log.Warn("engine says", "line", text)
				last = text
			}
		}
		if err != nil && err != bufio.ErrBufferFull {
			return last
		}
	}
}

// frame is a line of a stack of the library's: "12. ? @ 0x000000000f21c5b1". It has no
// symbols, so it tells only its makers something.
var frame = regexp.MustCompile(`^\d+\. .* @ 0x[0-9a-f]+$`)

func trim(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}

func parseLine(text string) (level slog.Level, msg string, attrs []slog.Attr, ok bool) {
	var m map[string]any
	if text[0] != '{' || json.Unmarshal([]byte(text), &m) != nil {
		return 0, "", nil, false
	}
	l, _ := m["level"].(string)
	msg, ok = m["msg"].(string)
	if !ok || level.UnmarshalText([]byte(l)) != nil {
		return 0, "", nil, false
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if k != "level" && k != "msg" && k != "time" {
			attrs = append(attrs, slog.Any(k, m[k]))
		}
	}
	return level, msg, attrs, true
}
