package tracefile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/ingest"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// MaxBytes is how large a file may be; it is read into memory.
const MaxBytes = 2 << 30

// Format is what a file was written as.
type Format string

// The formats.
const (
	OTLP   Format = "otlp"
	Jaeger Format = "jaeger"
)

// File is what a file holds.
type File struct {
	Format Format
	// Traces in the order of their first span's start.
	Traces []Trace
	// Skipped are spans without ids, Metrics lines with metrics alone; neither is in Traces.
	Skipped, Metrics int
}

// Trace is one trace of a file.
type Trace struct {
	ID    telemetry.TraceID
	Spans []telemetry.Span
	Logs  []telemetry.Log // that name the trace
}

// Spans is how many spans a file has.
func (f *File) Spans() (n int) {
	for i := range f.Traces {
		n += len(f.Traces[i].Spans)
	}
	return n
}

// Read reads a whole file. Its errors are faults that name what is wrong, at which line.
func Read(r io.Reader) (*File, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > MaxBytes {
		return nil, fault.New(fault.TooLarge, i18n.F("The file has more than %d bytes. Split it by trace.",
			"ファイルが%dバイトを超えています。トレース単位で分割してください。", MaxBytes))
	}
	return Parse(text)
}

// Parse reads the text of a file. It may change it.
func Parse(text []byte) (*File, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fault.New(fault.Invalid, i18n.T("The file is empty.", "ファイルが空です。"))
	}
	off, err := ingest.NewOffline()
	if err != nil {
		return nil, err
	}
	p := &reader{off: off, file: &File{}}
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		at := int(d.InputOffset())
		var value json.RawMessage
		err := d.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, notJSON(text, at, int(d.InputOffset()), err)
		}
		if err := p.value(value); err != nil {
			return nil, atLine(err, lineOf(text, int(d.InputOffset())-len(value)))
		}
	}
	return p.done()
}

// reader collects what the values of a file hold.
type reader struct {
	off   *ingest.Offline
	file  *File
	spans []telemetry.Span
	logs  []telemetry.Log
}

// top are the keys that tell the formats apart.
type top struct {
	ResourceSpans   json.RawMessage `json:"resourceSpans"`
	ResourceLogs    json.RawMessage `json:"resourceLogs"`
	ResourceMetrics json.RawMessage `json:"resourceMetrics"`
	// Jaeger's.
	Data    json.RawMessage `json:"data"`
	TraceID json.RawMessage `json:"traceID"`
	Spans   json.RawMessage `json:"spans"`
	// What wraps OTLP in the answers of Jaeger's and Tempo's newer APIs.
	Result json.RawMessage `json:"result"`
	Trace  json.RawMessage `json:"trace"`
}

// value reads one JSON value of the top level.
func (p *reader) value(v json.RawMessage) error {
	v = bytes.TrimSpace(v)
	switch v[0] {
	case '[':
		var list []json.RawMessage
		if err := json.Unmarshal(v, &list); err != nil {
			return neither()
		}
		for _, e := range list {
			if e = bytes.TrimSpace(e); len(e) == 0 || e[0] != '{' {
				return neither()
			}
			if err := p.value(e); err != nil {
				return err
			}
		}
		return nil
	case '{':
	default:
		return neither()
	}
	var t top
	if err := json.Unmarshal(v, &t); err != nil {
		return neither()
	}
	switch {
	case t.ResourceSpans != nil:
		return p.otlpSpans(v)
	case t.ResourceLogs != nil:
		return p.otlpLogs(v)
	case t.ResourceMetrics != nil:
		p.file.Metrics++
		return nil
	case t.Data != nil && startsWith(t.Data, '['):
		return p.jaegerList(t.Data)
	case t.TraceID != nil && t.Spans != nil:
		return p.jaegerTrace(v)
	case t.Result != nil && startsWith(t.Result, '{'):
		return p.value(t.Result)
	case t.Trace != nil && startsWith(t.Trace, '{'):
		return p.value(t.Trace)
	}
	return neither()
}

func startsWith(v json.RawMessage, c byte) bool {
	v = bytes.TrimSpace(v)
	return len(v) > 0 && v[0] == c
}

func (p *reader) otlpSpans(v json.RawMessage) error {
	p.file.Format = OTLP
	td, err := ingest.DecodeSpans(v)
	if err != nil {
		return notOTLP(err)
	}
	rows, refused := p.off.Spans(td)
	p.spans = append(p.spans, rows...)
	p.file.Skipped += refused
	return nil
}

func (p *reader) otlpLogs(v json.RawMessage) error {
	if p.file.Format == "" {
		p.file.Format = OTLP
	}
	ld, err := ingest.DecodeLogs(v)
	if err != nil {
		return notOTLP(err)
	}
	p.logs = append(p.logs, p.off.Logs(ld)...)
	return nil
}

// done puts the rows together by trace.
func (p *reader) done() (*File, error) {
	if len(p.spans) == 0 {
		return nil, fault.New(fault.Invalid, i18n.T(
			"There is no span in the file.", "ファイルにスパンがありません。"))
	}
	at := map[telemetry.TraceID]int{}
	for i := range p.spans {
		s := &p.spans[i]
		s.ID = uint64(i + 1)
		k, ok := at[s.TraceID]
		if !ok {
			k = len(p.file.Traces)
			at[s.TraceID] = k
			p.file.Traces = append(p.file.Traces, Trace{ID: s.TraceID})
		}
		p.file.Traces[k].Spans = append(p.file.Traces[k].Spans, *s)
	}
	for i := range p.logs {
		l := &p.logs[i]
		l.ID = uint64(i + 1)
		if k, ok := at[l.TraceID]; ok {
			p.file.Traces[k].Logs = append(p.file.Traces[k].Logs, *l)
		}
	}
	begins := func(t *Trace) int64 {
		first := t.Spans[0].Time
		for i := range t.Spans {
			first = min(first, t.Spans[i].Time)
		}
		return first
	}
	slices.SortStableFunc(p.file.Traces, func(a, b Trace) int {
		return cmp.Or(cmp.Compare(begins(&a), begins(&b)), slices.Compare(a.ID[:], b.ID[:]))
	})
	return p.file, nil
}

func neither() error {
	return fault.New(fault.Invalid, i18n.T(
		"This is neither OTLP JSON (resourceSpans, as an export request or the Collector's file exporter has it) nor Jaeger JSON (data or traceID and spans, as its UI and API give it).",
		"OTLPのJSON（エクスポートリクエストまたはCollectorのfileエクスポーターの出力で、resourceSpansを持つもの）でも、JaegerのJSON（UIやAPIから取得した、dataまたはtraceIDとspansを持つもの）でもありません。"))
}

func notOTLP(cause error) error {
	return fault.Wrap(cause, fault.Invalid, i18n.F("This looks like OTLP JSON but cannot be read: %s", "OTLPのJSONとして読み取れません：%s", short(cause)))
}

func notJSON(text []byte, from, to int, cause error) error {
	line := lineOf(text, from)
	var s *json.SyntaxError
	if errors.As(cause, &s) {
		line = lineOf(text, max(from, min(int(s.Offset), len(text))))
	} else if errors.Is(cause, io.ErrUnexpectedEOF) {
		return atLine(fault.Wrap(cause, fault.Invalid, i18n.T("The JSON ends in the middle of a value; the file was cut off.",
			"JSONが途中で終わっています。ファイルが最後まで書き込まれていない可能性があります。")), lineOf(text, len(text)))
	}
	_ = to
	if !utf8.Valid(text[:min(len(text), 4096)]) || bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		return fault.Wrap(cause, fault.Invalid, i18n.T(
			"This is no text. Protobuf and compressed files are not read: unpack it, or set format: json in the Collector's file exporter.",
			"テキストファイルではありません。Protobufや圧縮ファイルには対応していないため、展開するか、Collectorのfileエクスポーターで format: json を指定してください。"))
	}
	return atLine(fault.Wrap(cause, fault.Invalid, i18n.F("This is no JSON: %s", "JSONとして読み取れません：%s", short(cause))), line)
}

// atLine says at which line of the file an error is.
func atLine(err error, line int) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	g := *f
	g.Text = i18n.F("Line %[1]d: %[2]s", "%[1]d行目：%[2]s", line, f.Text)
	return &g
}

func lineOf(text []byte, offset int) int {
	offset = max(0, min(offset, len(text)))
	// The decoder stops before the white space that leads to the next value.
	for offset < len(text) && strings.IndexByte(" \t\r\n", text[offset]) >= 0 {
		offset++
	}
	return 1 + bytes.Count(text[:offset], []byte{'\n'})
}

func short(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
