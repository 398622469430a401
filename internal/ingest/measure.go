package ingest

import (
	"encoding/binary"
	"errors"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// errDeep and errMany say that a request would cost more to decode than it may.
var (
	errDeep      = errors.New("values are nested too deeply")
	errMany      = errors.New("the request holds too many elements")
	errTruncated = errors.New("the message is truncated or malformed")
)

// shape is how a protobuf message nests: which of its fields are messages, and of what
// shape. Fields that are not named are leaves.
//
// The decoder recurses with the message and allocates for every element, and Go cannot
// recover from a stack that is used up: so the shape of a request is walked first,
// without recursion on the sender's behalf beyond the limit and without allocation.
type shape struct {
	fields [16]*shape
	nests  bool // counts towards the depth limit
}

var shapes = func() map[telemetry.Signal]*shape {
	value := &shape{nests: true}
	array := &shape{}
	pair := &shape{}
	pairs := &shape{}
	array.fields[1] = value
	pair.fields[2] = value
	pairs.fields[1] = pair
	value.fields[5], value.fields[6] = array, pairs

	resource := &shape{}
	resource.fields[1] = pair
	resource.fields[3] = &shape{} // entity references
	scope := &shape{}
	scope.fields[3] = pair
	wrap := func(rows *shape) *shape {
		scoped := &shape{}
		scoped.fields[1], scoped.fields[2] = scope, rows
		sent := &shape{}
		sent.fields[1], sent.fields[2] = resource, scoped
		request := &shape{}
		request.fields[1] = sent
		return request
	}

	record := &shape{}
	record.fields[5], record.fields[6] = value, pair

	event, link := &shape{}, &shape{}
	event.fields[3], link.fields[4] = pair, pair
	row := &shape{}
	row.fields[9], row.fields[11], row.fields[13], row.fields[15] = pair, event, link, &shape{}

	exemplar := &shape{}
	exemplar.fields[7] = pair
	quantile, buckets := &shape{}, &shape{}
	number, histogram, exponential, summary := &shape{}, &shape{}, &shape{}, &shape{}
	number.fields[7], number.fields[5] = pair, exemplar
	histogram.fields[9], histogram.fields[8] = pair, exemplar
	exponential.fields[1], exponential.fields[11] = pair, exemplar
	exponential.fields[8], exponential.fields[9] = buckets, buckets
	summary.fields[7], summary.fields[6] = pair, quantile
	metric := &shape{}
	for field, point := range map[int]*shape{5: number, 7: number, 9: histogram, 10: exponential, 11: summary} {
		metric.fields[field] = &shape{}
		metric.fields[field].fields[1] = point
	}
	metric.fields[12] = pair // metadata
	return map[telemetry.Signal]*shape{telemetry.Logs: wrap(record), telemetry.Spans: wrap(row), telemetry.Metrics: wrap(metric)}
}()

// measureProto walks an OTLP request and says whether it may be decoded.
func measureProto(signal telemetry.Signal, b []byte, lim *Limits) error {
	m := measure{left: lim.Elements, depth: lim.Depth}
	return m.walk(shapes[signal], b, 0)
}

type measure struct{ left, depth int }

func (m *measure) walk(s *shape, b []byte, depth int) error {
	if s.nests {
		if depth++; depth > m.depth {
			return errDeep
		}
	}
	for i := 0; i < len(b); {
		tag, n := uvarint(b[i:])
		if n <= 0 {
			return errTruncated
		}
		i += n
		switch tag & 7 {
		case 0:
			_, n := uvarint(b[i:])
			if n <= 0 {
				return errTruncated
			}
			i += n
		case 1:
			i += 8
		case 5:
			i += 4
		case 2:
			size, n := uvarint(b[i:])
			if n <= 0 || size > uint64(len(b)-i-n) {
				return errTruncated
			}
			i += n
			if field := tag >> 3; field < 16 && s.fields[field] != nil {
				if m.left--; m.left < 0 {
					return errMany
				}
				if err := m.walk(s.fields[field], b[i:i+int(size)], depth); err != nil {
					return err
				}
			}
			i += int(size)
		default: // groups: OTLP has none
			return errTruncated
		}
		if i > len(b) {
			return errTruncated
		}
	}
	return nil
}

// uvarint is binary.Uvarint with the one-byte case up front.
func uvarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return binary.Uvarint(b)
}

// measureJSON says whether a JSON request may be decoded: how deep braces and brackets
// nest (OTLP's own nesting takes part of it) and how many elements there are.
func measureJSON(b []byte, lim *Limits) error {
	const own = 16 // resourceLogs[ { scopeLogs[ { logRecords[ { attributes[ { value {
	depth, left := 0, lim.Elements*4
	inString := false
	for i := 0; i < len(b); i++ {
		c := b[i]
		if inString {
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
			continue
		}
		switch c {
		case '"':
			inString = true
		case '{', '[':
			if depth++; depth > own+lim.Depth*4 { // value{arrayValue{values[{
				return errDeep
			}
			left--
		case '}', ']':
			depth--
		case ',':
			left--
		}
		if left < 0 {
			return errMany
		}
	}
	return nil
}
