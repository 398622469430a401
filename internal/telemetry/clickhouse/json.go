package clickhouse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Resources, events and links are stored as JSON: the engine seldom looks into them, and
// a column of text that is mostly empty costs a tenth of a nested one.

// appendObject writes attributes as an object; of a key that comes twice both are kept.
func appendObject(dst []byte, attrs []telemetry.Attr) []byte {
	dst = append(dst, '{')
	for i := range attrs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, attrs[i].Key)
		dst = append(dst, ':')
		dst = appendString(dst, attrs[i].Value)
	}
	return append(dst, '}')
}

func appendEvents(dst []byte, events []telemetry.SpanEvent) []byte {
	if len(events) == 0 {
		return dst
	}
	for i := range events {
		dst = append(dst, "[,"[min(i, 1)])
		dst = append(dst, `{"time":`...)
		dst = strconv.AppendInt(dst, events[i].Time, 10)
		dst = append(dst, `,"name":`...)
		dst = appendString(dst, events[i].Name)
		if len(events[i].Attrs) > 0 {
			dst = append(dst, `,"attributes":`...)
			dst = appendObject(dst, events[i].Attrs)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

func appendLinks(dst []byte, links []telemetry.SpanLink) []byte {
	if len(links) == 0 {
		return dst
	}
	for i := range links {
		dst = append(dst, "[,"[min(i, 1)])
		dst = append(dst, `{"trace_id":"`...)
		dst = append(dst, links[i].TraceID.String()...)
		dst = append(dst, `","span_id":"`...)
		dst = append(dst, links[i].SpanID.String()...)
		dst = append(dst, '"')
		if len(links[i].Attrs) > 0 {
			dst = append(dst, `,"attributes":`...)
			dst = appendObject(dst, links[i].Attrs)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string, in UTF-8 whatever s is.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[from:i]...)
			if c >= ' ' {
				dst = append(dst, '\\', c)
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, s[from:i]...)
			dst = append(dst, "\uFFFD"...)
			from = i + 1
		}
		i += n
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// attrList is an object of strings whose order is kept.
type attrList []telemetry.Attr

func (a *attrList) UnmarshalJSON(b []byte) error {
	*a = nil
	dec := json.NewDecoder(bytes.NewReader(b))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("attributes are not an object: %v", err)
	}
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			return err
		}
		v, err := dec.Token()
		if err != nil {
			return err
		}
		value, ok := v.(string)
		if !ok {
			return fmt.Errorf("attribute %v is not a string", k)
		}
		*a = append(*a, telemetry.Attr{Key: k.(string), Value: value})
	}
	return nil
}

func parseObject(s string) (attrs []telemetry.Attr, err error) {
	if s == "" {
		return nil, nil
	}
	var a attrList
	if err := a.UnmarshalJSON([]byte(s)); err != nil {
		return nil, err
	}
	return a, nil
}

func parseEvents(s string) ([]telemetry.SpanEvent, error) {
	if s == "" {
		return nil, nil
	}
	var in []struct {
		Time       int64    `json:"time"`
		Name       string   `json:"name"`
		Attributes attrList `json:"attributes"`
	}
	if err := json.Unmarshal([]byte(s), &in); err != nil {
		return nil, err
	}
	events := make([]telemetry.SpanEvent, len(in))
	for i, e := range in {
		events[i] = telemetry.SpanEvent{Time: e.Time, Name: e.Name, Attrs: e.Attributes}
	}
	return events, nil
}

func parseLinks(s string) ([]telemetry.SpanLink, error) {
	if s == "" {
		return nil, nil
	}
	var in []struct {
		TraceID    string   `json:"trace_id"`
		SpanID     string   `json:"span_id"`
		Attributes attrList `json:"attributes"`
	}
	if err := json.Unmarshal([]byte(s), &in); err != nil {
		return nil, err
	}
	links := make([]telemetry.SpanLink, len(in))
	for i, l := range in {
		links[i].TraceID, _ = telemetry.ParseTraceID(l.TraceID)
		links[i].SpanID, _ = telemetry.ParseSpanID(l.SpanID)
		links[i].Attrs = l.Attributes
	}
	return links, nil
}
