package ingest

import (
	"strconv"
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The lowest severity of each level, and those that have a number of their own.
const (
	sevTrace  telemetry.Severity = 1
	sevDebug  telemetry.Severity = 5
	sevInfo   telemetry.Severity = 9
	sevNotice telemetry.Severity = 10
	sevWarn   telemetry.Severity = 13
	sevError  telemetry.Severity = 17
	sevFatal  telemetry.Severity = 21
	sevAlert  telemetry.Severity = 22
	sevEmerg  telemetry.Severity = 24
)

// levels are the names that loggers give their levels, lower case. The numbers follow
// the data model's appendix; critical is fatal, as in OpenTelemetry's Python SDK.
var levels = map[string]telemetry.Severity{
	"trace": sevTrace, "trc": sevTrace, "finest": sevTrace, "silly": sevTrace, "verbose": sevTrace, "vrb": sevTrace, "finer": sevTrace + 1,
	"debug": sevDebug, "dbg": sevDebug, "debg": sevDebug, "fine": sevDebug, "config": sevDebug + 1,
	"info": sevInfo, "inf": sevInfo, "information": sevInfo, "informational": sevInfo, "http": sevInfo, "default": sevInfo, "log": sevInfo,
	"notice": sevNotice, "success": sevNotice,
	"warn": sevWarn, "warning": sevWarn, "wrn": sevWarn, "warnung": sevWarn,
	"error": sevError, "err": sevError, "eror": sevError, "severe": sevError, "failure": sevError, "dpanic": sevError + 1,
	"fatal": sevFatal, "ftl": sevFatal, "critical": sevFatal, "crit": sevFatal, "crt": sevFatal, "panic": sevFatal + 1, "unknown": 0,
	"alert": sevAlert, "emerg": sevEmerg, "emergency": sevEmerg,
	"警告": sevWarn, "エラー": sevError, "情報": sevInfo, "致命的": sevFatal,
}

// parseLevel reads the name of a level; 0 when it is none. A suffix of the data model
// (INFO2, ERROR4) is read too.
func parseLevel(s string) telemetry.Severity {
	if s == "" || len(s) > 16 {
		return 0
	}
	var buf [16]byte
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	b := buf[:len(s)]
	if sev, ok := levels[string(b)]; ok {
		return sev
	}
	if last := b[len(b)-1]; last >= '2' && last <= '4' {
		switch sev := levels[string(b[:len(b)-1])]; sev {
		case sevTrace, sevDebug, sevInfo, sevWarn, sevError, sevFatal:
			return sev + telemetry.Severity(last-'1')
		}
	}
	if len(b) == 1 {
		switch b[0] {
		case 'd':
			return sevDebug
		case 'i':
			return sevInfo
		case 'w':
			return sevWarn
		case 'e':
			return sevError
		case 'f':
			return sevFatal
		}
	}
	return 0
}

// levelNumber reads a level that is a number: 10 to 60 as pino and bunyan count (Python
// too: its 50 is critical), 0 to 7 as syslog does.
func levelNumber(s string, python, syslog bool) telemetry.Severity {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	if python && n >= 10 {
		n += 10
	}
	switch {
	case n >= 60:
		return sevFatal
	case n >= 50:
		return sevError
	case n >= 40:
		return sevWarn
	case n >= 30:
		return sevInfo
	case n >= 20:
		return sevDebug
	case n >= 10:
		return sevTrace
	case syslog && n >= 0 && n <= 7:
		return [...]telemetry.Severity{sevEmerg, sevAlert, sevFatal, sevError, sevWarn, sevNotice, sevInfo, sevDebug}[n]
	}
	return 0
}

// bodyLevel finds the level that a line of text begins with: "ERROR: x", "[warn] x",
// "2025-11-22 09:12:44,123 [main] INFO c.e.Shop - x", "E1122 09:12:44.123 1 f.go:1] x",
// "E, [2025-11-22T09:12:44 #1] ERROR -- : x", "level=error msg=x", "INFO:root:x", "<3>x".
// It looks at the first words only, and takes a bare word in lower case only when
// something marks it as a level.
func bodyLevel(s string) (sev telemetry.Severity, text string) {
	if len(s) > 2 && s[0] == '<' { // syslog's priority
		if end := strings.IndexByte(s[:min(len(s), 5)], '>'); end > 1 {
			if n, err := strconv.Atoi(s[1:end]); err == nil && n < 192 {
				return levelNumber(strconv.Itoa(n&7), false, true), ""
			}
		}
	}
	if sev, ok := glog(s); ok {
		return sev, s[:1]
	}
	head := s[:min(len(s), 160)]
	for n := 0; n < 8 && head != ""; n++ {
		head = strings.TrimLeft(head, " \t")
		end := strings.IndexAny(head, " \t\n|")
		word := head
		if end >= 0 {
			word, head = head[:end], head[end+1:]
		} else {
			if len(s) > 160 {
				break // the word may be cut
			}
			head = ""
		}
		if sev, text := wordLevel(word, n == 0); sev != 0 {
			return sev, text
		}
	}
	return 0, ""
}

// wordLevel reads a word as a level: in capitals, in brackets, before a colon, or as the
// value of level=.
func wordLevel(word string, first bool) (telemetry.Severity, string) {
	if key, v, ok := strings.Cut(word, "="); ok {
		switch key {
		case "level", "lvl", "severity", "loglevel", "log_level":
			v = strings.Trim(v, `"'`)
			return parseLevel(v), v
		}
		return 0, ""
	}
	inner := strings.TrimLeft(word, "[(<")
	marked := len(inner) < len(word)
	if i := strings.IndexAny(inner, "])>:,/"); i >= 0 {
		marked = marked || inner[i] != ',' && inner[i] != '/' && first
		inner = inner[:i]
	}
	if len(inner) < 3 || len(inner) > 13 {
		return 0, ""
	}
	upper := true
	for i := range len(inner) {
		c := inner[i]
		if c < 'A' || c > 'Z' && c < 'a' || c > 'z' {
			return 0, ""
		}
		upper = upper && c <= 'Z'
	}
	if !upper && !marked {
		return 0, ""
	}
	switch inner {
	case "HTTP", "http", "LOG", "log", "DEFAULT", "default", "CONFIG", "config", "UNKNOWN", "unknown", "FINE", "fine":
		return 0, "" // words first, levels second
	}
	return parseLevel(inner), inner
}

// glog reads the header of Go's and Kubernetes' loggers: E1122 09:12:44.123456 ...
func glog(s string) (telemetry.Severity, bool) {
	if len(s) < 14 || s[5] != ' ' || s[8] != ':' || s[11] != ':' {
		return 0, false
	}
	for i := 1; i < 5; i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	switch s[0] {
	case 'I':
		return sevInfo, true
	case 'W':
		return sevWarn, true
	case 'E':
		return sevError, true
	case 'F':
		return sevFatal, true
	}
	return 0, false
}
