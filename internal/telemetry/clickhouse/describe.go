package clickhouse

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// describeMax bounds a description, describeValue one value of it.
const (
	describeMax   = 2048
	describeValue = 400
)

// Describe renders the first row of a frame for a person.
func (*Store) Describe(signal telemetry.Signal, frame []byte) string {
	var d description
	switch signal {
	case telemetry.Logs:
		rows, err := decodeLogs(frame)
		if err != nil || len(rows) == 0 {
			return unreadable(frame, err)
		}
		d.log(&rows[0])
	case telemetry.Spans:
		rows, err := decodeSpans(frame)
		if err != nil || len(rows) == 0 {
			return unreadable(frame, err)
		}
		d.span(&rows[0])
	default:
		return unreadable(frame, fmt.Errorf("not of logs or spans"))
	}
	return cut(d.String(), describeMax)
}

func unreadable(frame []byte, err error) string {
	return cut(fmt.Sprintf("an unreadable frame of %d bytes: %v", len(frame), err), describeMax)
}

type description struct{ strings.Builder }

func (d *description) put(key, value string) {
	if value == "" {
		return
	}
	if d.Len() > 0 {
		d.WriteByte(' ')
	}
	d.WriteString(cut(key, describeValue))
	d.WriteByte('=')
	if short := cut(value, describeValue); strings.ContainsAny(short, " =\"\n\t") || !utf8.ValidString(short) {
		d.WriteString(strconv.Quote(short))
	} else {
		d.WriteString(short)
	}
}

func (d *description) source(unixNano int64, s *telemetry.Source) {
	d.put("time", time.Unix(0, unixNano).UTC().Format(time.RFC3339Nano))
	d.put("service", s.Service)
	d.put("env", s.Env)
	d.put("host", s.Host)
}

func (d *description) attrs(attrs []telemetry.Attr) {
	for i := range attrs {
		if d.Len() > describeMax {
			return
		}
		d.put(attrs[i].Key, attrs[i].Value)
	}
}

func (d *description) log(l *telemetry.Log) {
	d.source(l.Time, &l.Source)
	d.put("level", l.Severity.Level())
	d.put("trace_id", l.TraceID.String())
	d.put("body", l.Body)
	d.put("exception.type", l.Exception.Type)
	d.attrs(l.Attrs)
	d.attrs(l.Source.Attrs)
}

func (d *description) span(s *telemetry.Span) {
	d.source(s.Time, &s.Source)
	d.put("trace_id", s.TraceID.String())
	d.put("span_id", s.SpanID.String())
	d.put("name", s.Name)
	d.put("kind", s.Kind.String())
	d.put("status", s.Status.String())
	d.put("duration", time.Duration(s.Duration).String())
	d.attrs(s.Attrs)
	d.attrs(s.Source.Attrs)
}

// cut shortens s to at most n bytes, not within a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const more = "…"
	n -= len(more)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + more
}
