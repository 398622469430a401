package clickhouse

import (
	"fmt"
	"sync"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Codec is telemetry.Codec: frames of ClickHouse's Native format.
type Codec struct{}

var _ telemetry.Codec = Codec{}

var (
	logEncoders  = sync.Pool{New: func() any { return newLogEncoder() }}
	spanEncoders = sync.Pool{New: func() any { return newSpanEncoder() }}
)

// EncodeLogs appends a frame of rows to dst.
func (Codec) EncodeLogs(dst []byte, rows []telemetry.Log) ([]byte, error) {
	e := logEncoders.Get().(*logEncoder)
	defer func() {
		if e.reset(); e.size() <= keepEncoder {
			logEncoders.Put(e)
		}
	}()
	for i := range rows {
		e.add(&rows[i])
	}
	return e.frame(dst, telemetry.Logs, len(rows))
}

// EncodeSpans appends a frame of rows to dst.
func (Codec) EncodeSpans(dst []byte, rows []telemetry.Span) ([]byte, error) {
	e := spanEncoders.Get().(*spanEncoder)
	defer func() {
		if e.reset(); e.size() <= keepEncoder {
			spanEncoders.Put(e)
		}
	}()
	for i := range rows {
		e.add(&rows[i])
	}
	return e.frame(dst, telemetry.Spans, len(rows))
}

// keepEncoder is how many bytes of text an encoder may have room for and still be used
// again: one huge request must not hold its memory for ever.
const keepEncoder = 4 << 20

func (c *common) size() int {
	return cap(c.excMessage.buf) + cap(c.excStack.buf) + cap(c.attrs.values.buf) + cap(c.folded.buf) + cap(c.resource.values.buf)
}

func (e *logEncoder) size() int { return e.common.size() + cap(e.body.buf) }

func (e *spanEncoder) size() int {
	n := e.common.size() + cap(e.statusMessage.buf) + cap(e.events.buf) + cap(e.links.buf)
	for i := range e.ownText {
		n += cap(e.ownText[i].buf)
	}
	return n
}

// column is what every column of a frame can do.
type column interface {
	proto.ColInput
	Reset()
}

// table is the columns of a frame.
type table struct {
	input proto.Input
	buf   proto.Buffer
}

func (t *table) use(name string, c column) {
	t.input = append(t.input, proto.InputColumn{Name: name, Data: c})
}

func (t *table) reset() {
	for _, c := range t.input {
		c.Data.(column).Reset()
	}
}

func (t *table) frame(dst []byte, signal telemetry.Signal, rows int) ([]byte, error) {
	dst = appendHeader(dst, signal, rows)
	t.buf.Buf = dst
	err := proto.Block{Columns: len(t.input), Rows: rows}.EncodeRawBlock(&t.buf, 0, t.input)
	dst, t.buf.Buf = t.buf.Buf, nil
	if err != nil {
		return nil, fmt.Errorf("encode a frame of %s: %w", signal, err)
	}
	return dst, nil
}

// common are the columns that logs and spans share.
type common struct {
	table
	id                                    proto.ColUInt64
	time                                  timeCol
	env, service, version, instance, host lowCol
	resource                              lowCol
	traceID, spanID                       idCol
	scope, excType                        lowCol
	excMessage, excStack                  strCol
	attrs                                 mapCol
	flags                                 proto.ColUInt8
	folded                                strCol
	arrived                               timeCol
	errID                                 idCol
	errType, errMessage, errFrame         lowCol

	// The resource written last: its rows follow one another.
	resAttrs []telemetry.Attr
	resJSON  []byte
	resText  string
	parts    []string
	scratch  []byte
}

func (c *common) init() {
	c.traceID.n, c.spanID.n, c.errID.n = 16, 8, 8
	c.use("id", &c.id)
	c.use("time", &c.time)
	c.use("env", &c.env)
	c.use("service", &c.service)
	c.use("version", &c.version)
	c.use("instance", &c.instance)
	c.use("host", &c.host)
	c.use("resource", &c.resource)
	c.use("trace_id", &c.traceID)
	c.use("span_id", &c.spanID)
	c.use("scope", &c.scope)
	c.use("exception_type", &c.excType)
	c.use("exception_message", &c.excMessage)
	c.use("exception_stack", &c.excStack)
	c.use("attributes", &c.attrs)
	c.use("flags", &c.flags)
	c.use("folded", &c.folded)
	c.use("arrived", &c.arrived)
	c.use("error_group", &c.errID)
	c.use("error_group_type", &c.errType)
	c.use("error_group_message", &c.errMessage)
	c.use("error_group_frame", &c.errFrame)
}

// reset forgets the rows, which belong to the caller.
func (c *common) reset() {
	c.table.reset()
	c.resAttrs, c.resText = nil, ""
	clear(c.parts)
}

func (c *common) add(id uint64, time int64, s *telemetry.Source, trace telemetry.TraceID, span telemetry.SpanID,
	scope string, e *telemetry.Exception, flags telemetry.Flags) {
	c.id = append(c.id, id)
	c.time.ColInt64 = append(c.time.ColInt64, time)
	c.env.append(s.Env)
	c.service.append(s.Service)
	c.version.append(s.Version)
	c.instance.append(s.Instance)
	c.host.append(s.Host)
	c.addResource(s.Attrs)
	c.traceID.append(trace[:])
	c.spanID.append(span[:])
	c.scope.append(scope)
	c.excType.append(e.Type)
	c.excMessage.append(e.Message)
	c.excStack.append(e.Stack)
	c.flags = append(c.flags, uint8(flags))
}

// addDerived writes what was derived of a row on arrival.
func (c *common) addDerived(arrived int64, e *telemetry.ErrorKey) {
	c.arrived.ColInt64 = append(c.arrived.ColInt64, arrived)
	c.errID.appendID(e.ID)
	c.errType.append(e.Type)
	c.errMessage.append(e.Message)
	c.errFrame.append(e.Frame)
}

// addResource writes the attributes of a resource as one JSON object: a part has few
// resources, so the engine looks into each only once.
func (c *common) addResource(attrs []telemetry.Attr) {
	if len(attrs) == 0 {
		c.resource.append("")
		return
	}
	if len(attrs) != len(c.resAttrs) || &attrs[0] != &c.resAttrs[0] {
		c.resAttrs = attrs
		c.resJSON = appendObject(c.resJSON[:0], attrs)
		if string(c.resJSON) != c.resText {
			c.resText = string(c.resJSON)
		}
	}
	c.resource.append(c.resText)
}

// addFolded writes the joined text of parts, or nothing where the engine can make it: where
// all parts are plain, unless it is to be written always.
func (c *common) addFolded(parts []string, always bool) {
	if !always && allPlain(parts) {
		c.folded.append("")
		return
	}
	c.scratch = c.scratch[:0]
	for i, p := range parts {
		if i > 0 {
			c.scratch = append(c.scratch, separator...)
		}
		c.scratch = append(c.scratch, foldText(p)...)
	}
	c.folded.appendBytes(c.scratch)
}

func allPlain(parts []string) bool {
	for _, p := range parts {
		if !plain(p) {
			return false
		}
	}
	return true
}
