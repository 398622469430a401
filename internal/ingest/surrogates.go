package ingest

import "bytes"

// breakLoneSurrogates makes each escaped half of a surrogate pair in a JSON document that
// stands alone a byte that is not UTF-8, in place, and gives the document. The decoder
// would put U+FFFD there and say nothing of it; a text that is not UTF-8 is repaired and
// its row marked.
func breakLoneSurrogates(doc []byte) []byte {
	if !bytes.Contains(doc, []byte(`\ud`)) && !bytes.Contains(doc, []byte(`\uD`)) {
		return doc
	}
	out := doc[:0]
	for {
		i := bytes.IndexByte(doc, '\\')
		if i < 0 || i+1 >= len(doc) {
			return append(out, doc...)
		}
		out = append(out, doc[:i]...)
		doc = doc[i:]
		n := 2 // bytes of this escape
		switch unit := escapedUnit(doc); {
		case 0xD800 <= unit && unit < 0xDC00:
			if low := escapedUnit(doc[6:]); 0xDC00 <= low && low < 0xE000 {
				n = 12
				break
			}
			fallthrough
		case 0xDC00 <= unit && unit < 0xE000:
			out = append(out, 0xFF)
			doc = doc[6:]
			continue
		}
		out = append(out, doc[:n]...)
		doc = doc[n:]
	}
}

// escapedUnit is the UTF-16 unit of the escape that doc begins with, -1 when it begins
// with none.
func escapedUnit(doc []byte) int {
	if len(doc) < 6 || doc[0] != '\\' || doc[1] != 'u' {
		return -1
	}
	unit := 0
	for _, c := range doc[2:6] {
		switch {
		case '0' <= c && c <= '9':
			unit = unit<<4 | int(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			unit = unit<<4 | (int(c|0x20) - 'a' + 10)
		default:
			return -1
		}
	}
	return unit
}
