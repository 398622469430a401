package archive

import (
	"encoding/binary"
	"errors"
)

// A Parquet file ends with its metadata in Thrift's compact form, their length in four
// bytes, and PAR1. Of them the number of rows is read, to see that a file is whole.

const parquetMagic = "PAR1"

var errParquet = errors.New("this is no whole Parquet file")

// parquetRows reads the number of rows of the end of a file: the metadata, at least.
func parquetRows(end []byte) (uint64, error) {
	n := len(end)
	if n < 12 || string(end[n-4:]) != parquetMagic {
		return 0, errParquet
	}
	size := int(binary.LittleEndian.Uint32(end[n-8 : n-4]))
	if size > n-8 {
		return 0, errParquet
	}
	t := thrift{b: end[n-8-size : n-8]}
	// FileMetaData: 1 version, 2 schema, 3 num_rows.
	for id := int16(0); t.err == nil; {
		kind, ok := t.field(&id)
		if !ok {
			break
		}
		if id == 3 && (kind == thriftI64 || kind == thriftI32) {
			rows := t.zigzag()
			if t.err != nil || rows < 0 {
				return 0, errParquet
			}
			return uint64(rows), nil
		}
		t.skip(kind, 0)
	}
	return 0, errParquet
}

// The kinds of Thrift's compact form.
const (
	thriftTrue = 1 + iota
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

type thrift struct {
	b   []byte
	err error
}

func (t *thrift) take(n uint64) []byte {
	if t.err != nil || n > uint64(len(t.b)) {
		t.err = errParquet
		return nil
	}
	b := t.b[:n]
	t.b = t.b[n:]
	return b
}

func (t *thrift) byte() byte {
	if b := t.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (t *thrift) varint() uint64 {
	v, n := binary.Uvarint(t.b)
	if n <= 0 {
		t.err = errParquet
		return 0
	}
	t.b = t.b[n:]
	return v
}

func (t *thrift) zigzag() int64 {
	v := t.varint()
	return int64(v>>1) ^ -int64(v&1)
}

// field reads the head of a struct's next field; false at its end.
func (t *thrift) field(id *int16) (kind byte, ok bool) {
	head := t.byte()
	if head == 0 || t.err != nil {
		return 0, false
	}
	if delta := head >> 4; delta != 0 {
		*id += int16(delta)
	} else {
		*id = int16(t.zigzag())
	}
	return head & 15, t.err == nil
}

func (t *thrift) skip(kind byte, depth int) {
	if depth > 16 || t.err != nil {
		t.err = errParquet
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.varint()
	case thriftDouble:
		t.take(8)
	case thriftBinary:
		t.take(t.varint())
	case thriftList, thriftSet:
		head := t.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = t.varint()
		}
		for ; n > 0 && t.err == nil; n-- {
			if of := head & 15; of == thriftTrue || of == thriftFalse {
				t.byte()
			} else {
				t.skip(of, depth+1)
			}
		}
	case thriftStruct:
		for id := int16(0); t.err == nil; {
			of, ok := t.field(&id)
			if !ok {
				return
			}
			t.skip(of, depth+1)
		}
	default:
		t.err = errParquet
	}
}
