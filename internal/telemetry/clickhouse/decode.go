package clickhouse

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The way back: a frame's block, or a block that the engine answers with, to rows. What
// a block does not have stays zero.

// block is the decoded columns of one Native block, by name.
type block map[string]proto.Column

// readBlock reads one block; io.EOF when there is none.
func readBlock(r *proto.Reader) (block, int, error) {
	cols := block{}
	var b proto.Block
	if err := b.DecodeRawBlock(r, 0, cols); err != nil {
		return nil, 0, err
	}
	return cols, b.Rows, nil
}

// DecodeResult is proto.Result: it takes the columns as they come.
func (cols block) DecodeResult(r *proto.Reader, _ int, b proto.Block) error {
	for range b.Columns {
		name, err := r.Str()
		if err != nil {
			return err
		}
		typ, err := r.Str()
		if err != nil {
			return err
		}
		c := newColumn(typ)
		if c == nil {
			return fmt.Errorf("column %q is of the unknown type %s", name, typ)
		}
		if b.Rows > 0 {
			if s, ok := c.(proto.StateDecoder); ok {
				if err := s.DecodeState(r); err != nil {
					return fmt.Errorf("column %q: %w", name, err)
				}
			}
			if err := c.DecodeColumn(r, b.Rows); err != nil {
				return fmt.Errorf("column %q: %w", name, err)
			}
		}
		cols[name] = c
	}
	return nil
}

type (
	pairs    = proto.ColMap[string, string]
	strValue interface{ Row(int) string }
)

func newColumn(typ string) proto.Column {
	switch typ {
	case "String":
		return new(proto.ColStr)
	case "LowCardinality(String)":
		return new(proto.ColStr).LowCardinality()
	case "Map(LowCardinality(String), String)":
		return proto.NewMap[string, string](new(proto.ColStr).LowCardinality(), new(proto.ColStr))
	case "UInt8":
		return new(proto.ColUInt8)
	case "UInt64":
		return new(proto.ColUInt64)
	case "Int64":
		return new(proto.ColInt64)
	case "DateTime64(9, 'UTC')":
		return new(timeResult)
	case "FixedString(8)", "FixedString(16)":
		c := new(proto.ColFixedStr)
		c.SetSize(8)
		if typ == "FixedString(16)" {
			c.SetSize(16)
		}
		return c
	}
	return nil
}

// timeResult reads a DateTime64(9) as Unix nanoseconds.
type timeResult struct{ proto.ColInt64 }

func (c block) text(name string, i int) string {
	if s, ok := c[name].(strValue); ok {
		return s.Row(i)
	}
	return ""
}

func (c block) uint8(name string, i int) uint8 {
	if v, ok := c[name].(*proto.ColUInt8); ok {
		return (*v)[i]
	}
	return 0
}

func (c block) int64(name string, i int) int64 {
	switch v := c[name].(type) {
	case *timeResult:
		return v.ColInt64[i]
	case *proto.ColInt64:
		return (*v)[i]
	}
	return 0
}

func (c block) uint64(name string, i int) uint64 {
	if v, ok := c[name].(*proto.ColUInt64); ok {
		return (*v)[i]
	}
	return 0
}

func (c block) bytes(name string, i int) []byte {
	if v, ok := c[name].(*proto.ColFixedStr); ok {
		return v.Row(i)
	}
	return nil
}

// shapeID is the id of a shape; a block from before there were any has none.
func (c block) shapeID(name string, i int) telemetry.ShapeID {
	if b := c.bytes(name, i); len(b) == 8 {
		return telemetry.ShapeID(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (c block) errorKey(i int) telemetry.ErrorKey {
	return telemetry.ErrorKey{ID: c.shapeID("error_group", i), Type: c.text("error_group_type", i),
		Message: c.text("error_group_message", i), Frame: c.text("error_group_frame", i)}
}

func (c block) attrs(name string, i int) (attrs []telemetry.Attr) {
	m, ok := c[name].(*pairs)
	if !ok {
		return nil
	}
	from := 0
	if i > 0 {
		from = int(m.Offsets[i-1])
	}
	to := int(m.Offsets[i])
	if from >= to {
		return nil
	}
	attrs = make([]telemetry.Attr, 0, to-from+4)
	for ; from < to; from++ {
		attrs = append(attrs, telemetry.Attr{Key: m.Keys.Row(from), Value: m.Values.Row(from)})
	}
	return attrs
}

// resources remembers the resources of a reading: its rows share them.
type resources map[string][]telemetry.Attr

func (r resources) parse(s string) ([]telemetry.Attr, error) {
	attrs, ok := r[s]
	if ok {
		return attrs, nil
	}
	attrs, err := parseObject(s)
	if err == nil {
		r[s] = attrs
	}
	return attrs, err
}

func (c block) source(i int, known resources) (s telemetry.Source, err error) {
	s = telemetry.Source{Env: c.text("env", i), Service: c.text("service", i), Version: c.text("version", i),
		Instance: c.text("instance", i), Host: c.text("host", i)}
	s.Attrs, err = known.parse(c.text("resource", i))
	return s, err
}

func (c block) exception(i int) telemetry.Exception {
	return telemetry.Exception{Type: c.text("exception_type", i), Message: c.text("exception_message", i), Stack: c.text("exception_stack", i)}
}

func (c block) log(i int, known resources) (l telemetry.Log, err error) {
	l = telemetry.Log{
		ID: c.uint64("id", i), Time: c.int64("time", i), Observed: c.int64("observed", i),
		Severity: telemetry.Severity(c.uint8("severity", i)), SeverityText: c.text("severity_text", i),
		Event: c.text("event", i), Scope: c.text("scope", i), Body: c.text("body", i),
		Exception: c.exception(i), Attrs: c.attrs("attributes", i), Flags: telemetry.Flags(c.uint8("flags", i)),
		Arrived: c.int64("arrived", i), Error: c.errorKey(i),
		Pattern: telemetry.Shape{ID: c.shapeID("pattern_id", i), Text: c.text("pattern", i)},
	}
	copy(l.TraceID[:], c.bytes("trace_id", i))
	copy(l.SpanID[:], c.bytes("span_id", i))
	l.Source, err = c.source(i, known)
	return l, err
}

func (c block) span(i int, known resources) (s telemetry.Span, err error) {
	s = telemetry.Span{
		ID: c.uint64("id", i), Time: c.int64("time", i), Duration: c.int64("duration", i),
		TraceState: c.text("trace_state", i), Name: c.text("name", i), Kind: telemetry.Kind(c.uint8("kind", i)),
		Status: telemetry.Status(c.uint8("status", i)), StatusMessage: c.text("status_message", i),
		Scope: c.text("scope", i), Endpoint: c.text("endpoint", i), Exception: c.exception(i),
		Attrs: c.attrs("attributes", i), Flags: telemetry.Flags(c.uint8("flags", i)),
		Arrived: c.int64("arrived", i), Error: c.errorKey(i), Code: c.text("code", i),
		Peer:      telemetry.Peer{Kind: telemetry.PeerKind(c.text("peer_kind", i)), Name: c.text("peer", i)},
		Operation: telemetry.Shape{ID: c.shapeID("operation_id", i), Text: c.text("operation", i)},
	}
	copy(s.TraceID[:], c.bytes("trace_id", i))
	copy(s.SpanID[:], c.bytes("span_id", i))
	copy(s.ParentID[:], c.bytes("parent_id", i))
	for _, own := range ownColumns {
		if v := c.text(own.column, i); v != "" {
			s.Attrs = append(s.Attrs, telemetry.Attr{Key: own.key, Value: v})
		}
	}
	slices.SortStableFunc(s.Attrs, func(a, b telemetry.Attr) int { return cmp.Compare(a.Key, b.Key) })
	if s.Events, err = parseEvents(c.text("events", i)); err != nil {
		return s, err
	}
	if s.Links, err = parseLinks(c.text("links", i)); err != nil {
		return s, err
	}
	s.Source, err = c.source(i, known)
	return s, err
}

// rows decodes every row of a block.
func rows[T any](cols block, n int, into []T, known resources, row func(block, int, resources) (T, error)) ([]T, error) {
	into = slices.Grow(into, n)
	for i := range n {
		r, err := row(cols, i, known)
		if err != nil {
			return nil, err
		}
		into = append(into, r)
	}
	return into, nil
}

func decodeLogs(frame []byte) ([]telemetry.Log, error) {
	return decodeFrame(telemetry.Logs, frame, block.log)
}

func decodeSpans(frame []byte) ([]telemetry.Span, error) {
	return decodeFrame(telemetry.Spans, frame, block.span)
}

func decodeFrame[T any](signal telemetry.Signal, frame []byte, row func(block, int, resources) (T, error)) ([]T, error) {
	want, body, err := splitHeader(signal, frame)
	if err != nil {
		return nil, err
	}
	rest := bytes.NewReader(body)
	cols, n, err := readBlock(proto.NewReader(rest))
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("a frame of %s: %w", signal, err)
	}
	if n != want {
		return nil, fmt.Errorf("a frame of %s says %d rows and has %d", signal, want, n)
	}
	return rows(cols, n, nil, resources{}, row)
}
