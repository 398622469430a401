package clickhouse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// shopOf makes three days of traces through three services, some over midnight, some with
// errors, and logs of them and beside them.
func shopOf(seed uint64, traces int) (logs []telemetry.Log, spans []telemetry.Span) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	first := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	id := uint64(1)
	for range traces {
		var trace telemetry.TraceID
		for i := range trace {
			trace[i] = byte(rnd.Uint32())
		}
		at := first.UnixNano() + rnd.Int64N(3*24*3600)*1e9 - 1e9
		if rnd.IntN(10) == 0 { // around midnight
			at = first.AddDate(0, 0, 1+rnd.IntN(2)).UnixNano() - rnd.Int64N(2e9)
		}
		at = max(at, first.UnixNano())
		for i := range 1 + rnd.IntN(4) {
			s := telemetry.Span{ID: id, Time: at + int64(i)*1e9, Duration: int64(rnd.ExpFloat64() * 1e7), TraceID: trace, SpanID: telemetry.SpanID{byte(i + 1), byte(id), byte(id >> 8)}, Name: "op"}
			s.Service, s.Env, s.Arrived = fmt.Sprintf("svc%d", rnd.IntN(3)), "prod", at
			if i == 0 {
				s.Kind, s.Endpoint = telemetry.KindServer, fmt.Sprintf("GET /%d", rnd.IntN(3))
			}
			if rnd.IntN(60) == 0 {
				s.Status = telemetry.StatusError
			}
			spans = append(spans, s)
			id++
		}
		for range rnd.IntN(3) {
			l := telemetry.Log{ID: id, Time: at + rnd.Int64N(1e9), TraceID: trace, Severity: []telemetry.Severity{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 13, 17}[rnd.IntN(12)], Body: "done"}
			l.Service, l.Env, l.Arrived, l.Observed = fmt.Sprintf("svc%d", rnd.IntN(3)), "prod", at, at
			if rnd.IntN(3) == 0 {
				l.TraceID = telemetry.TraceID{}
			}
			logs = append(logs, l)
			id++
		}
	}
	return logs, spans
}

func putRows(t *testing.T, s *Store, logs []telemetry.Log, spans []telemetry.Span) {
	t.Helper()
	for signal, encode := range map[telemetry.Signal]func() ([]byte, error){
		telemetry.Logs:  func() ([]byte, error) { return s.EncodeLogs(nil, logs) },
		telemetry.Spans: func() ([]byte, error) { return s.EncodeSpans(nil, spans) },
	} {
		frame, err := encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), signal, "rows", [][]byte{frame}); err != nil {
			t.Fatal(err)
		}
	}
}

func keptRows(t *testing.T, s *Store) (logs, spans map[uint64]bool) {
	t.Helper()
	logs, spans = map[uint64]bool{}, map[uint64]bool{}
	for table, into := range map[string]map[uint64]bool{"logs": logs, "spans": spans} {
		rows, err := s.reads.Query(t.Context(), "SELECT id FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id uint64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			into[id] = true
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return logs, spans
}

func thinShop(t *testing.T, s *Store, keeps map[telemetry.Origin]telemetry.Keep, pinned ...telemetry.TraceID) {
	t.Helper()
	for day := range 3 { // oldest first, as time goes
		name := nextDay(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), day)
		for _, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
			th := telemetry.Thinning{Day: name, Signal: signal, Keeps: keeps, Traces: pinned}
			for _, k := range keeps {
				if k.State == telemetry.KeptThinned && k.OneIn > 0 && (th.TraceOneIn == 0 || k.OneIn < th.TraceOneIn) {
					th.TraceOneIn = k.OneIn
				}
			}
			if _, _, err := s.Thin(t.Context(), th); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Property: whatever the rules are, no trace is cut by thinning, no error, no warning and no
// pinned trace goes, the logs of a kept trace stay, and figures stay as they were.
func TestThinningKeepsWholeTracesAndEveryError(t *testing.T) {
	const three, ten = 3, 10
	thin := func(n uint32) telemetry.Keep { return telemetry.Keep{State: telemetry.KeptThinned, OneIn: n} }
	o := func(i int) telemetry.Origin { return telemetry.Origin{Service: fmt.Sprintf("svc%d", i), Env: "prod"} }
	for name, keeps := range map[string]map[telemetry.Origin]telemetry.Keep{
		"alike":     {o(0): thin(ten), o(1): thin(ten), o(2): thin(ten)},
		"none":      {o(0): thin(0), o(1): thin(0), o(2): thin(0)},
		"different": {o(0): thin(three), o(1): thin(ten), o(2): thin(0)},
		"one whole": {o(0): telemetry.Whole, o(1): thin(ten), o(2): thin(0)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.opt.Clock = clock.NewFake(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
			logs, spans := shopOf(7, 1500)
			putRows(t, s, logs, spans)
			figures := figuresText(t, s)
			pinned := spans[len(spans)/2].TraceID
			thinShop(t, s, keeps, pinned)
			haveLogs, haveSpans := keptRows(t, s)

			type trace struct {
				kept, gone int
				mustKeep   bool
			}
			of := map[telemetry.TraceID]*trace{}
			for i := range spans {
				tr := of[spans[i].TraceID]
				if tr == nil {
					tr = &trace{}
					of[spans[i].TraceID] = tr
				}
				if haveSpans[spans[i].ID] {
					tr.kept++
				} else {
					tr.gone++
				}
				tr.mustKeep = tr.mustKeep || spans[i].Status == telemetry.StatusError || spans[i].TraceID == pinned
			}
			for i := range logs {
				if l := &logs[i]; l.Severity >= 17 && of[l.TraceID] != nil {
					of[l.TraceID].mustKeep = true
				}
			}
			ordinary, stayed := 0, 0
			for id, tr := range of {
				if tr.kept > 0 && tr.gone > 0 {
					t.Errorf("half a trace: %s has %d spans, %d are gone", id, tr.kept, tr.gone)
				}
				if tr.mustKeep && tr.gone > 0 {
					t.Errorf("trace %s tells of an error, or is pinned, and is gone", id)
				}
				if !tr.mustKeep {
					ordinary++
					stayed += min(tr.kept, 1)
				}
			}
			if name == "alike" {
				// A tenth by chance, and the slow: 1 %, and 3 endpoints × 3 services × 72 hours.
				if part := float64(stayed) / float64(ordinary); part < 0.1 || part > 0.45 {
					t.Errorf("%.2f of the ordinary traces stayed", part)
				}
			}
			taken := 0
			for i := range logs {
				l := &logs[i]
				have := haveLogs[l.ID]
				if !have {
					taken++
				}
				if !have && l.Severity >= 13 {
					t.Errorf("a log of severity %d is gone", l.Severity)
				}
				if tr := of[l.TraceID]; !have && tr != nil && tr.kept > 0 && name != "one whole" && name != "different" {
					t.Errorf("trace %s stayed, and a log of it is gone", l.TraceID)
				}
			}
			if taken == 0 || stayed == ordinary && name != "one whole" {
				t.Errorf("nothing was thinned: %d logs gone, %d of %d traces stayed", taken, stayed, ordinary)
			}
			if got := figuresText(t, s); got != figures {
				t.Errorf("figures changed:\n%s\nwere\n%s", got, figures)
			}
			thinShop(t, s, keeps, pinned)
			againLogs, againSpans := keptRows(t, s)
			if len(againLogs) != len(haveLogs) || len(againSpans) != len(haveSpans) {
				t.Errorf("a second thinning took %d logs and %d spans more", len(haveLogs)-len(againLogs), len(haveSpans)-len(againSpans))
			}
		})
	}
}

func figuresText(t *testing.T, s *Store) string {
	t.Helper()
	q := telemetry.DerivedQuery{Range: telemetry.Range{From: time.Date(2026, 9, 30, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)}, Steps: 10}
	services, _, err := s.ServiceFigures(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	endpoints, _, err := s.Endpoints(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v\n%+v", services, endpoints)
}

func TestARebuildingRefusesThinnedDays(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	now := time.Date(2026, 10, 10, 0, 0, 0, 0, time.UTC)
	s.opt.Clock = clock.NewFake(now)
	logs, spans := shopOf(8, 400)
	putRows(t, s, logs, spans)
	if err := s.RunRebuilds(ctx, func() time.Time { return now }); err != nil { // what it does by itself
		t.Fatal(err)
	}
	figures := figuresText(t, s)
	day := telemetry.Range{From: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 1, 2, 0, 0, 0, time.UTC)}
	// Under way: the day waits, and nothing is noted.
	planned, err := s.Rebuild(ctx, telemetry.RebuildSpec{Range: day})
	if err != nil {
		t.Fatal(err)
	}
	th := telemetry.Thinning{Day: "2026-10-01", Signal: telemetry.Spans, Keeps: map[telemetry.Origin]telemetry.Keep{{Service: "svc0", Env: "prod"}: telemetry.Gone}}
	if _, _, err := s.Thin(ctx, th); !fault.Is(err, fault.Conflict) {
		t.Errorf("a day that is being rebuilt was thinned: %v", err)
	}
	if err := s.DropDay(ctx, "2026-10-01", telemetry.Spans); !fault.Is(err, fault.Conflict) {
		t.Errorf("a day that is being rebuilt was dropped: %v", err)
	}
	if th, err := s.Thinned(ctx, telemetry.Spans, day, "", ""); err != nil || !th.Whole {
		t.Errorf("%+v %v", th, err)
	}
	if err := s.RunRebuilds(ctx, func() time.Time { return now }); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Rebuilds(ctx); err != nil || !slices.ContainsFunc(all, func(r telemetry.RebuildState) bool { return r.ID == planned.ID && r.Done == 1 && r.Rows > 0 }) {
		t.Errorf("%+v %v", all, err)
	}
	before, after, err := s.Thin(ctx, th)
	if err != nil || before == 0 || after != 0 {
		t.Fatal(before, after, err)
	}
	if _, err := s.Rebuild(ctx, telemetry.RebuildSpec{Range: day}); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "from" {
		t.Errorf("a day that is not whole was rebuilt: %v", err)
	}
	// One that was planned before leaves the day as it is.
	old := &rebuilding{RebuildState: telemetry.RebuildState{ID: "old", RebuildSpec: telemetry.RebuildSpec{Range: day, What: telemetry.Derivations[:]}, Started: now}, Position: day.To}
	if err := s.saveRebuild(ctx, old); err != nil {
		t.Fatal(err)
	}
	if err := s.RunRebuilds(ctx, func() time.Time { return now }); err != nil {
		t.Fatal(err)
	}
	if got := figuresText(t, s); got != figures {
		t.Errorf("figures changed:\n%s\nwere\n%s", got, figures)
	}
	got, err := s.Thinned(ctx, telemetry.Spans, day, "", "")
	if err != nil || got.Whole || !got.Gone || got.OneIn != 1 || got.Before != before || !got.From.Equal(day.From) || !got.To.Equal(day.To) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err = s.Thinned(ctx, telemetry.Spans, day, "svc1", ""); err != nil || !got.Whole {
		t.Errorf("%+v %v", got, err)
	}
}

func TestMeasureSaysWhatADayIsMadeOf(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	s.opt.Clock = clock.NewFake(time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC))
	logs, spans := shopOf(9, 1000)
	putRows(t, s, logs, spans)
	rows, err := s.MeasureDay(ctx, "2026-10-02")
	if err != nil || len(rows) != 6 {
		t.Fatal(rows, err)
	}
	arrived, err := s.Arrived(ctx, "2026-10-01")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range rows {
		if m.Rows == 0 || m.RowBytes < 20 || m.Notable <= 0 || m.Notable >= 1 {
			t.Errorf("%+v", m)
		}
		if !slices.ContainsFunc(arrived, func(v telemetry.DayVolume) bool {
			return v.Day == m.Day && v.Signal == m.Signal && v.Origin == m.Origin && v.Rows == m.Rows
		}) {
			t.Errorf("%+v is not what arrived", m)
		}
	}
	if hour, err := s.QuietHour(ctx); err != nil || hour < 0 || hour > 23 {
		t.Error(hour, err)
	}
	// What it said is what thinning then keeps.
	keeps := map[telemetry.Origin]telemetry.Keep{}
	for i := range 3 {
		keeps[telemetry.Origin{Service: fmt.Sprintf("svc%d", i), Env: "prod"}] = telemetry.Keep{State: telemetry.KeptThinned}
	}
	for _, signal := range []telemetry.Signal{telemetry.Logs, telemetry.Spans} {
		if _, _, err := s.Thin(ctx, telemetry.Thinning{Day: "2026-10-02", Signal: signal, Keeps: keeps}); err != nil {
			t.Fatal(err)
		}
	}
	notes, err := s.KeptDays(ctx, "2026-10-02")
	if err != nil || len(notes) != 6 {
		t.Fatal(notes, err)
	}
	for _, n := range notes {
		for _, m := range rows {
			if m.Signal == n.Signal && m.Origin == n.Origin {
				// Midnight's traces are judged by the days beside it, too.
				if want := m.Notable * float64(m.Rows); float64(n.After) < want-0.5 || float64(n.After) > want*1.2+3 {
					t.Errorf("%+v: %d rows stayed, %.0f were foretold", m.Origin, n.After, want)
				}
			}
		}
	}
}
