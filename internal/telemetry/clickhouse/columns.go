package clickhouse

import (
	"encoding/binary"
	"slices"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The columns that carry most of the bytes are our own: ch-go's keep every value as a
// string until the block is written, these write it where it belongs at once.

// strCol is a String column, kept as it goes out: lengths and bytes.
type strCol struct {
	buf []byte
	n   int
}

func (c *strCol) append(s string) {
	c.buf = append(binary.AppendUvarint(c.buf, uint64(len(s))), s...)
	c.n++
}

func (c *strCol) appendBytes(s []byte) {
	c.buf = append(binary.AppendUvarint(c.buf, uint64(len(s))), s...)
	c.n++
}

func (c *strCol) Type() proto.ColumnType       { return "String" }
func (c *strCol) Rows() int                    { return c.n }
func (c *strCol) Reset()                       { c.buf, c.n = c.buf[:0], 0 }
func (c *strCol) EncodeColumn(b *proto.Buffer) { b.Buf = append(b.Buf, c.buf...) }
func (c *strCol) WriteColumn(w *proto.Writer)  { w.ChainBuffer(c.EncodeColumn) }

// lowCol is a LowCardinality(String) column.
type lowCol struct {
	index  map[string]uint32
	values strCol
	keys   []uint32
	// The last value, because it mostly comes again.
	last    string
	lastKey uint32
}

func (c *lowCol) append(s string) { c.keys = append(c.keys, c.key(s)) }

// key gives s a place among the values. The map must not outlive the rows: Reset.
func (c *lowCol) key(s string) uint32 {
	if s == c.last && c.values.n > 0 {
		return c.lastKey
	}
	k, ok := c.index[s]
	if !ok {
		if c.index == nil {
			c.index = make(map[string]uint32)
		}
		k = uint32(c.values.n)
		c.index[s] = k
		c.values.append(s)
	}
	c.last, c.lastKey = s, k
	return k
}

func (c *lowCol) Type() proto.ColumnType { return "LowCardinality(String)" }
func (c *lowCol) Rows() int              { return len(c.keys) }

func (c *lowCol) Reset() {
	clear(c.index)
	c.values.Reset()
	c.keys = c.keys[:0]
	c.last = ""
}

const (
	// The format's version of a dictionary, and the flags "here are additional keys" and
	// "the dictionary is new", the only ones used over the wire.
	lowVersion = 1
	lowFlags   = 1<<9 | 1<<10
)

func (c *lowCol) EncodeState(b *proto.Buffer) { b.PutInt64(lowVersion) }

func (c *lowCol) EncodeColumn(b *proto.Buffer) {
	if len(c.keys) == 0 {
		return
	}
	width := 0 // the power of two of a key's bytes
	switch n := c.values.n; {
	case n > 1<<16:
		width = 2
	case n > 1<<8:
		width = 1
	}
	b.PutInt64(lowFlags | int64(width))
	b.PutInt64(int64(c.values.n))
	c.values.EncodeColumn(b)
	b.PutInt64(int64(len(c.keys)))
	b.Buf = slices.Grow(b.Buf, len(c.keys)<<width)
	switch width {
	case 0:
		for _, k := range c.keys {
			b.Buf = append(b.Buf, byte(k))
		}
	case 1:
		for _, k := range c.keys {
			b.Buf = binary.LittleEndian.AppendUint16(b.Buf, uint16(k))
		}
	default:
		for _, k := range c.keys {
			b.Buf = binary.LittleEndian.AppendUint32(b.Buf, k)
		}
	}
}

func (c *lowCol) WriteColumn(w *proto.Writer) { w.ChainBuffer(c.EncodeColumn) }

// mapCol is a Map(LowCardinality(String), String) column.
type mapCol struct {
	ends   proto.ColUInt64
	keys   lowCol
	values strCol
}

// put adds a pair to the row that the next call of end closes.
func (c *mapCol) put(key, value string) {
	c.keys.append(key)
	c.values.append(value)
}

func (c *mapCol) end() { c.ends = append(c.ends, uint64(c.values.n)) }

func (c *mapCol) Type() proto.ColumnType      { return "Map(LowCardinality(String), String)" }
func (c *mapCol) Rows() int                   { return len(c.ends) }
func (c *mapCol) EncodeState(b *proto.Buffer) { c.keys.EncodeState(b) }
func (c *mapCol) WriteColumn(w *proto.Writer) { w.ChainBuffer(c.EncodeColumn) }

func (c *mapCol) Reset() {
	c.ends = c.ends[:0]
	c.keys.Reset()
	c.values.Reset()
}

func (c *mapCol) EncodeColumn(b *proto.Buffer) {
	if len(c.ends) == 0 {
		return
	}
	c.ends.EncodeColumn(b)
	c.keys.EncodeColumn(b)
	c.values.EncodeColumn(b)
}

// timeCol is a DateTime64(9, 'UTC') column of Unix nanoseconds.
type timeCol struct{ proto.ColInt64 }

func (c *timeCol) Type() proto.ColumnType { return "DateTime64(9, 'UTC')" }

// idCol is a FixedString column of n bytes.
type idCol struct {
	n   int
	buf []byte
}

func (c *idCol) append(b []byte) { c.buf = append(c.buf, b...) }

// appendID writes the id of a shape, so that its hexadecimal form is the one that people see.
func (c *idCol) appendID(id telemetry.ShapeID) {
	c.buf = binary.BigEndian.AppendUint64(c.buf, uint64(id))
}
func (c *idCol) Rows() int                    { return len(c.buf) / c.n }
func (c *idCol) Reset()                       { c.buf = c.buf[:0] }
func (c *idCol) EncodeColumn(b *proto.Buffer) { b.Buf = append(b.Buf, c.buf...) }
func (c *idCol) WriteColumn(w *proto.Writer)  { w.ChainBuffer(c.EncodeColumn) }
func (c *idCol) Type() proto.ColumnType {
	if c.n == 16 {
		return "FixedString(16)"
	}
	return "FixedString(8)"
}

var (
	_ proto.ColInput     = (*strCol)(nil)
	_ proto.StateEncoder = (*lowCol)(nil)
	_ proto.StateEncoder = (*mapCol)(nil)
	_ proto.ColInput     = (*timeCol)(nil)
	_ proto.ColInput     = (*idCol)(nil)
)
