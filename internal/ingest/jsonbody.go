package ingest

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// field is a leaf of a structured body; nested names are joined by dots.
type field struct {
	key   string
	value string
	kind  kind
}

type kind uint8

const (
	kindString kind = iota + 1
	kindNumber
	kindBool
	kindNull
	kindRaw // an array, or an object too deep to flatten, as JSON
)

// flattenDepth is how deep objects are flattened into dotted names; what lies deeper
// stays JSON.
const flattenDepth = 4

// maxFields bounds what one body can become; a body with more stays a text.
const maxFields = 512

// parseJSON reads s as one JSON object into w.fields. It is false, and w.fields of no
// use, when s is anything else. Leaves refer to s where they can.
func (w *work) parseJSON(s string) bool {
	w.fields = w.fields[:0]
	p := parser{s: s, depth: w.lim.Depth, fields: w.fields}
	p.space()
	if p.i >= len(s) || s[p.i] != '{' {
		return false
	}
	ok := p.object("", 1)
	w.fields = p.fields
	if !ok {
		return false
	}
	p.space()
	if p.i != len(s) {
		return false
	}
	if p.repaired {
		w.flags |= telemetry.Repaired
	}
	return true
}

// parser is a strict reader of JSON that neither builds a tree nor copies.
type parser struct {
	s      string
	i      int
	depth  int
	fields []field
	// repaired says that half of a surrogate pair was replaced by U+FFFD.
	repaired bool
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) byte(c byte) bool {
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

// object reads an object and appends its leaves. level counts from 1.
func (p *parser) object(prefix string, level int) bool {
	if !p.byte('{') {
		return false
	}
	p.space()
	if p.byte('}') {
		return true
	}
	for {
		p.space()
		key, ok := p.string()
		if !ok {
			return false
		}
		p.space()
		if !p.byte(':') {
			return false
		}
		p.space()
		if prefix != "" {
			key = prefix + "." + key
		}
		if !p.leaf(key, level) {
			return false
		}
		p.space()
		if p.byte(',') {
			continue
		}
		return p.byte('}')
	}
}

func (p *parser) leaf(key string, level int) bool {
	if p.i >= len(p.s) || len(p.fields) >= maxFields {
		return false
	}
	f := field{key: key}
	switch c := p.s[p.i]; {
	case c == '"':
		v, ok := p.string()
		if !ok {
			return false
		}
		f.value, f.kind = v, kindString
	case c == '{' && level < flattenDepth:
		return p.object(key, level+1)
	case c == '{' || c == '[':
		from := p.i
		if !p.skip(level) {
			return false
		}
		f.value, f.kind = p.s[from:p.i], kindRaw
	case c == '-' || c >= '0' && c <= '9':
		from := p.i
		if !p.number() {
			return false
		}
		f.value, f.kind = p.s[from:p.i], kindNumber
	case p.word("true"):
		f.value, f.kind = "true", kindBool
	case p.word("false"):
		f.value, f.kind = "false", kindBool
	case p.word("null"):
		f.kind = kindNull
	default:
		return false
	}
	p.fields = append(p.fields, f)
	return true
}

// skip reads any value without keeping it.
func (p *parser) skip(level int) bool {
	if p.i >= len(p.s) || level > p.depth {
		return false
	}
	switch c := p.s[p.i]; {
	case c == '"':
		_, ok := p.quoted()
		return ok
	case c == '{' || c == '[':
		p.i++
		end := c + 2 // ] and } follow [ and { by two
		p.space()
		if p.byte(end) {
			return true
		}
		for {
			p.space()
			if c == '{' {
				if _, ok := p.quoted(); !ok {
					return false
				}
				p.space()
				if !p.byte(':') {
					return false
				}
				p.space()
			}
			if !p.skip(level + 1) {
				return false
			}
			p.space()
			if p.byte(',') {
				continue
			}
			return p.byte(end)
		}
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	return p.word("true") || p.word("false") || p.word("null")
}

func (p *parser) word(w string) bool {
	if strings.HasPrefix(p.s[p.i:], w) {
		p.i += len(w)
		return true
	}
	return false
}

func (p *parser) digits() bool {
	from := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	return p.i > from
}

func (p *parser) number() bool {
	p.byte('-')
	if p.byte('0') {
		// no digit may follow
	} else if !p.digits() {
		return false
	}
	if p.byte('.') && !p.digits() {
		return false
	}
	if p.i < len(p.s) && (p.s[p.i] == 'e' || p.s[p.i] == 'E') {
		p.i++
		if !p.byte('+') {
			p.byte('-')
		}
		return p.digits()
	}
	return true
}

// quoted reads a text and says whether it has escapes; p.i ends behind the quote.
func (p *parser) quoted() (escaped, ok bool) {
	if !p.byte('"') {
		return false, false
	}
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return escaped, true
		case c == '\\':
			escaped = true
			if p.i+1 >= len(p.s) {
				return escaped, false
			}
			switch p.s[p.i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				p.i += 2
			case 'u':
				if p.i+6 > len(p.s) || hex4(p.s[p.i+2:]) < 0 {
					return escaped, false
				}
				p.i += 6
			default:
				return escaped, false
			}
		case c < 0x20:
			return escaped, false
		default:
			p.i++
		}
	}
	return escaped, false
}

func (p *parser) string() (string, bool) {
	from := p.i + 1
	escaped, ok := p.quoted()
	if !ok {
		return "", false
	}
	s := p.s[from : p.i-1]
	if escaped {
		var lone bool
		s, lone = unescape(s)
		p.repaired = p.repaired || lone
	}
	return s, true
}

// unescape also says whether there was half of a surrogate pair.
func unescape(s string) (_ string, lone bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				if i+6 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					if pair := utf16.DecodeRune(r, hex4(s[i+3:])); pair != utf8.RuneError {
						b = utf8.AppendRune(b, pair)
						i += 6
						continue
					}
				}
				r, lone = utf8.RuneError, true
			}
			b = utf8.AppendRune(b, r)
		default: // " \ /
			b = append(b, s[i])
		}
	}
	return string(b), lone
}

// hex4 reads four hex digits, or gives -1.
func hex4(s string) rune {
	if len(s) < 4 {
		return -1
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// mapFields reads a body that is a map into w.fields, as parseJSON does with a text.
func (w *work) mapFields(m pcommon.Map) bool {
	w.fields = w.fields[:0]
	return w.flatten(m, "", 1)
}

func (w *work) flatten(m pcommon.Map, prefix string, level int) bool {
	for key, v := range m.All() {
		if prefix != "" {
			key = prefix + "." + key
		}
		if len(w.fields) >= maxFields {
			return false
		}
		f := field{key: key}
		switch v.Type() {
		case pcommon.ValueTypeStr:
			f.value, f.kind = v.Str(), kindString
		case pcommon.ValueTypeInt:
			f.value, f.kind = formatInt(v.Int()), kindNumber
		case pcommon.ValueTypeDouble:
			f.value, f.kind = formatFloat(v.Double()), kindNumber
		case pcommon.ValueTypeBool:
			f.value, f.kind = "false", kindBool
			if v.Bool() {
				f.value = "true"
			}
		case pcommon.ValueTypeEmpty:
			f.kind = kindNull
		case pcommon.ValueTypeMap:
			if level < flattenDepth {
				if !w.flatten(v.Map(), key, level+1) {
					return false
				}
				continue
			}
			fallthrough
		default:
			w.buf = w.appendJSON(w.buf[:0], v, level)
			f.value, f.kind = string(w.buf), kindRaw
		}
		w.fields = append(w.fields, f)
	}
	return true
}
