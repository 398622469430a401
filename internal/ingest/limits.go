package ingest

import "time"

// Limits bound what one sender can make Yagura hold. A zero field takes its default.
type Limits struct {
	RequestBytes  int // of a request, decompressed
	InflightBytes int // of all requests being worked on, decompressed
	Requests      int // being worked on at once
	Elements      int // messages within a request (rows, attributes, values): bounds what decoding allocates
	Depth         int // nesting of attribute values and bodies
	Rows          int // of a request; further ones are refused
	Services      int // distinct service names; further ones are refused

	Attributes int           // of a row, resource, event or link; further ones are cut
	KeyBytes   int           // of an attribute's name
	ValueBytes int           // of an attribute's value
	BodyBytes  int           // of a log body, of a statement, of a stack trace
	NameBytes  int           // of span, event and scope names
	Events     int           // of a span; further ones are cut
	Links      int           // of a span; further ones are cut
	Future     time.Duration // how far ahead of our clock a row may be
	Past       time.Duration // how far behind: the retention of raw rows
	// MetricsPast is how far behind a data point may be: what the store of metrics takes
	// out of order, less what may pass until it is stored.
	MetricsPast time.Duration
}

// DefaultLimits are generous for what SDKs and Collectors send on their own defaults and
// narrow enough that a sender gone wild does no harm to the others.
func DefaultLimits() Limits {
	return Limits{
		RequestBytes:  16 << 20,
		InflightBytes: 256 << 20,
		Requests:      256,
		Elements:      2_000_000,
		Depth:         32,
		Rows:          50_000,
		Services:      1000,

		Attributes: 128,
		KeyBytes:   256,
		ValueBytes: 16 << 10,
		BodyBytes:  256 << 10,
		NameBytes:  1 << 10,
		Events:     128,
		Links:      128,
		Future:     10 * time.Minute,
		Past:       30 * 24 * time.Hour,

		MetricsPast: 59 * time.Minute,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ v, def *int }{
		{&l.RequestBytes, &d.RequestBytes}, {&l.InflightBytes, &d.InflightBytes},
		{&l.Requests, &d.Requests}, {&l.Elements, &d.Elements}, {&l.Depth, &d.Depth},
		{&l.Rows, &d.Rows}, {&l.Services, &d.Services}, {&l.Attributes, &d.Attributes},
		{&l.KeyBytes, &d.KeyBytes}, {&l.ValueBytes, &d.ValueBytes}, {&l.BodyBytes, &d.BodyBytes},
		{&l.NameBytes, &d.NameBytes}, {&l.Events, &d.Events}, {&l.Links, &d.Links},
	} {
		if *f.v <= 0 {
			*f.v = *f.def
		}
	}
	if l.Future <= 0 {
		l.Future = d.Future
	}
	if l.Past <= 0 {
		l.Past = d.Past
	}
	if l.MetricsPast <= 0 {
		l.MetricsPast = d.MetricsPast
	}
	// One request of the largest size must always be able to get in.
	l.InflightBytes = max(l.InflightBytes, l.RequestBytes)
	return l
}
