package clickhouse

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/shape"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// within moves rows into a few hours: a rebuilding takes a while for each.
func within(day time.Time, hours int, logs []telemetry.Log, spans []telemetry.Span) {
	width := int64(hours) * int64(time.Hour)
	for i := range logs {
		l := &logs[i]
		l.Time = day.UnixNano() + (l.Time-day.UnixNano())%width
		l.Arrived = l.Time + int64(i)*1e9
	}
	for i := range spans {
		s := &spans[i]
		s.Time = day.UnixNano() + (s.Time-day.UnixNano())%width
		s.Arrived = s.Time + int64(i)*1e9
	}
}

// ask is one question that looks at everything: the others are asked by TestDerived.
func askAll(t *testing.T, s *Store, day time.Time, logs []telemetry.Log, spans []telemetry.Span) {
	t.Helper()
	telemetrytest.CheckDerived(t, s, logs, spans, telemetry.DerivedQuery{
		Range: telemetry.Range{From: day.Add(-time.Hour), To: day.Add(9 * time.Hour)}, Steps: 12, Compare: 2 * time.Hour})
}

func TestRebuild(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	day := time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC) // over the end of a month
	now := day.Add(48 * time.Hour)
	s.opt.Clock = clock.NewFake(now)
	logs, spans := telemetrytest.NewOdd(21, day).Logs(260), telemetrytest.NewOdd(22, day).Spans(260)
	within(day, 5, logs, spans)
	late := 200
	settled := day.Add(24 * time.Hour)
	for i := late; i < len(logs); i++ { // these come while a rebuilding is under way
		logs[i].Arrived, spans[i].Arrived = settled.UnixNano()+int64(i), settled.UnixNano()+int64(i)
	}
	for i := range 20 { // and these came before there were figures
		logs[i].Arrived, logs[i].Pattern, logs[i].Error = 0, telemetry.Shape{}, telemetry.ErrorKey{}
		spans[i].Arrived, spans[i].Code, spans[i].Peer, spans[i].Operation, spans[i].Error = 0, "", telemetry.Peer{}, telemetry.Shape{}, telemetry.ErrorKey{}
	}
	r := &river{Store: s, rnd: rand.New(rand.NewPCG(3, 3))}
	r.write(t, logs[:late], spans[:late])
	askAll(t, s, day, logs[:late], spans[:late])

	// What is there of old is derived once, with its shapes.
	if err := s.RunRebuilds(ctx, func() time.Time { return now }); err != nil {
		t.Fatal(err)
	}
	var h shape.Shaper
	for i := range 20 {
		h.Log(&logs[i])
		h.Span(&spans[i])
	}
	askAll(t, s, day, logs[:late], spans[:late])
	if all, err := s.Rebuilds(ctx); err != nil || len(all) != 1 || !all[0].Backfill || all[0].Finished.IsZero() || all[0].Done != 1 {
		t.Fatalf("%+v %v", all, err)
	}

	// Figures that are wrong in every way become right, while rows arrive, and after a stop
	// in the middle.
	for _, q := range []string{
		"INSERT INTO minutes_requests SELECT * FROM minutes_requests", "INSERT INTO minutes_errors SELECT * FROM minutes_errors",
		"TRUNCATE TABLE minutes_logs", "ALTER TABLE minutes_instances DELETE WHERE level = 7",
	} {
		if err := s.writes.Exec(upkeep(ctx), q); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Rebuild(ctx, telemetry.RebuildSpec{Range: telemetry.Range{From: day.Add(time.Minute), To: day.Add(5 * time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	hours := 0
	arrive := func() time.Time {
		if hours++; hours == 2 {
			r.write(t, logs[late:late+30], spans[late:late+30])
		}
		if hours == 3 {
			stop()
		}
		return settled
	}
	if err := s.RunRebuilds(running, arrive); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if all, err := s.Rebuilds(ctx); err != nil || len(all) != 2 || !all[0].Finished.IsZero() || all[0].Done != 0.4 {
		t.Fatalf("%+v %v", all, err)
	}
	done := make(chan error)
	go func() { done <- s.RunRebuilds(ctx, func() time.Time { return settled }) }()
	r.write(t, logs[late+30:], spans[late+30:])
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	askAll(t, s, day, logs, spans)

	// One kind alone; a second time changes nothing; to be cancelled is to be left as it is.
	for range 2 {
		if _, err := s.Rebuild(ctx, telemetry.RebuildSpec{Range: telemetry.Range{From: day.Add(2 * time.Hour), To: day.Add(4 * time.Hour)}, What: []telemetry.Derivation{telemetry.DerivedErrors}}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.Rebuild(ctx, telemetry.RebuildSpec{Range: telemetry.Range{From: day, To: day.Add(time.Hour)}})
	if err == nil {
		err = s.CancelRebuild(ctx, c.ID)
	}
	if err == nil {
		err = s.RunRebuilds(ctx, func() time.Time { return settled })
	}
	if err != nil {
		t.Fatal(err)
	}
	askAll(t, s, day, logs, spans)
	all, err := s.Rebuilds(ctx)
	cancelled := 0
	for _, r := range all {
		cancelled += one(r.Cancelled)
		if r.Finished.IsZero() || r.Error != "" {
			t.Errorf("%+v", r)
		}
	}
	if err != nil || len(all) != 5 || cancelled != 1 {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := s.Rebuild(ctx, telemetry.RebuildSpec{Range: telemetry.Range{From: day, To: day.Add(time.Hour)}, What: []telemetry.Derivation{"nonsense"}}); err == nil {
		t.Error("nonsense is rebuilt")
	}
}

// A call is shown as one to the service that answers it, whatever its address.
func TestPeersAreServices(t *testing.T) {
	s := newStore(t)
	ctx := context.Background()
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	s.opt.Clock = clock.NewFake(at.Add(5 * time.Minute))
	var spans []telemetry.Span
	call := func(from, address, to, endpoint string) {
		n := byte(len(spans) + 1)
		src := telemetry.Source{Service: from, Env: "p"}
		c := telemetry.Span{ID: uint64(n), Time: at.Add(time.Duration(n) * time.Second).UnixNano(), Duration: 1000, Source: src, TraceID: telemetry.TraceID{n}, SpanID: telemetry.SpanID{n},
			Kind: telemetry.KindClient, Peer: telemetry.Peer{Kind: telemetry.PeerHTTP, Name: address}, Arrived: at.UnixNano()}
		spans = append(spans, c)
		if to != "" {
			r := telemetry.Span{ID: uint64(n) + 100, Time: c.Time, Duration: 900, Source: telemetry.Source{Service: to, Env: "p"}, TraceID: c.TraceID, SpanID: telemetry.SpanID{n, 1}, ParentID: c.SpanID,
				Kind: telemetry.KindServer, Endpoint: endpoint, Arrived: at.UnixNano()}
			spans = append(spans, r)
		}
	}
	for range 10 {
		call("web", "10.0.0.1:80", "cart", "GET /cart")
		call("web", "10.0.0.2:80", "cart", "GET /cart")
		call("web", "api.example.com", "", "")
	}
	call("web", "gateway", "cart", "GET /x")
	call("web", "gateway", "pay", "GET /y")
	(&river{Store: s, rnd: rand.New(rand.NewPCG(3, 3))}).write(t, nil, spans)
	if err := s.LearnPeers(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.LearnPeers(ctx); err != nil { // nothing is looked at twice
		t.Fatal(err)
	}
	q := telemetry.DerivedQuery{Range: telemetry.Range{From: at, To: at.Add(10 * time.Minute)}}
	edges, _, err := s.Edges(ctx, telemetry.EdgeQuery{DerivedQuery: q})
	if err != nil || len(edges) != 3 {
		t.Fatalf("%+v %v", edges, err)
	}
	found := map[string]telemetry.Edge{}
	for _, e := range edges {
		found[e.To+"|"+e.Peer.Name] = e
	}
	if e, ok := found["cart|10.0.0.1:80"]; !ok || e.Count != 20 || e.ToEnv != "p" {
		t.Errorf("%+v", edges)
	}
	if e, ok := found["|api.example.com"]; !ok || e.Count != 10 || len(e.Behind) != 0 {
		t.Errorf("%+v", edges)
	}
	if e, ok := found["|gateway"]; !ok || e.Count != 2 || len(e.Behind) != 2 || e.Behind[0].Part != 0.5 {
		t.Errorf("%+v", edges)
	}
	q.Service = "cart"
	in, _, err := s.Edges(ctx, telemetry.EdgeQuery{DerivedQuery: q, Inbound: true})
	if err != nil || len(in) != 1 || in[0].Service != "web" || in[0].Count != 20 {
		t.Errorf("%+v %v", in, err)
	}
	callers, _, err := s.Callers(ctx, q)
	if err != nil || len(callers) != 2 || callers[0].Service != "web" || callers[0].Endpoint != "GET /cart" || callers[0].Part != 1 || callers[0].Sampled != 20 {
		t.Errorf("%+v %v", callers, err)
	}
}
