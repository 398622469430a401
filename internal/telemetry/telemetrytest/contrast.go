package telemetrytest

import (
	"context"
	"testing"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// contrast: what is told of a value on both sides is what a count over the rows tells, and
// every attribute of a chosen span is told of.
func (f *filled) contrast(t *testing.T) {
	ctx := context.Background()
	for i, q := range f.queries() {
		for _, text := range []string{"status:error", "duration>1ms", "-kind:server", "service:nobody"} {
			chosen, err := filter.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.SpanContrast(ctx, q, chosen, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			sides := map[bool][]telemetry.Span{}
			for _, s := range f.selectSpans(q) {
				in := filter.Match(chosen, telemetry.SpanRow(&s))
				sides[in] = append(sides[in], s)
			}
			n, m := uint64(len(sides[true])), uint64(len(sides[false]))
			if n == 0 {
				if got.Chosen.All != 0 || len(got.Tallies) != 0 {
					t.Errorf("query %d, %s: %+v of none", i, text, got)
				}
				continue
			}
			if got.Chosen != (telemetry.Sampled{All: n, Seen: n}) || got.Others != (telemetry.Sampled{All: m, Seen: m}) {
				t.Errorf("query %d, %s: %+v and %+v, want %d and %d", i, text, got.Chosen, got.Others, n, m)
			}
			attrs := 0
			for _, tally := range got.Tallies {
				if telemetry.ResolveKey(telemetry.Spans, tally.Key).Place != telemetry.Column {
					attrs++
				}
				if a, b := having(sides[true], tally), having(sides[false], tally); a != tally.Chosen || b != tally.Others {
					t.Errorf("query %d, %s: %+v, want %d and %d", i, text, tally, a, b)
				}
			}
			if attrs == 0 {
				t.Errorf("query %d, %s: no attribute was compared", i, text)
			}
		}
	}
	chosen, _ := filter.Parse("status:error")
	few, err := f.SpanContrast(ctx, telemetry.Query{Range: always}, chosen, 50)
	if err != nil {
		t.Fatal(err)
	}
	if few.Chosen.Seen == 0 || few.Chosen.Seen >= few.Chosen.All || few.Others.Seen >= few.Others.All || few.Others.Seen > 200 {
		t.Errorf("a sample of about 50 is %+v and %+v", few.Chosen, few.Others)
	}
}

// having counts the spans that have a value of their own, or of their resource's.
func having(spans []telemetry.Span, tally telemetry.ContrastTally) (n uint64) {
	ref := telemetry.ResolveKey(telemetry.Spans, tally.Key)
	for i := range spans {
		s := &spans[i]
		var v string
		switch ref.Place {
		case telemetry.Column:
			v, _ = telemetry.SpanRow(s).Value(tally.Key)
		case telemetry.ResourceAttr:
			v, _ = telemetry.Get(s.Source.Attrs, ref.Key)
		default:
			v, _ = telemetry.Get(s.Attrs, ref.Key)
		}
		if v == tally.Value {
			n++
		}
	}
	return n
}
