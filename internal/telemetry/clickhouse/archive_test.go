package clickhouse

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/telemetrytest"
)

// archiveDay takes a day out as an archive would.
func archiveDay(t *testing.T, s *Store, day string, signal telemetry.Signal, arrived telemetry.Range) (files [][]byte, rows uint64) {
	t.Helper()
	pieces, err := s.ArchivePieces(t.Context(), day, signal, arrived)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pieces {
		var b bytes.Buffer
		if err := s.ArchivePiece(t.Context(), day, signal, arrived, p, &b); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(b.Bytes(), []byte("PAR1")) || !bytes.HasSuffix(b.Bytes(), []byte("PAR1")) {
			t.Fatalf("no Parquet: %.100q", b.Bytes())
		}
		files = append(files, b.Bytes())
		rows += p.Rows
	}
	return files, rows
}

func attachFiles(t *testing.T, s *Store, day string, signal telemetry.Signal, files [][]byte) {
	t.Helper()
	columns, err := s.ArchiveColumns(t.Context(), signal)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.BeginAttach(t.Context(), day, signal, start.AddDate(0, 0, 7)); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := s.AttachPiece(t.Context(), signal, columns, bytes.NewReader(f)); err != nil {
			t.Fatal(err)
		}
	}
}

func dayRows(t *testing.T, s *Store, day string) (logs []telemetry.Log, spans []telemetry.Span) {
	t.Helper()
	begin, err := dayOf(day)
	if err != nil {
		t.Fatal(err)
	}
	return readAll(t, s.ReadLogs, begin, func(l telemetry.Log) telemetry.Cursor { return telemetry.Cursor{Time: l.Time, ID: l.ID} }),
		readAll(t, s.ReadSpans, begin, func(l telemetry.Span) telemetry.Cursor { return telemetry.Cursor{Time: l.Time, ID: l.ID} })
}

func readAll[T any](t *testing.T, read func(context.Context, telemetry.PageQuery) ([]T, bool, error), begin time.Time, key func(T) telemetry.Cursor) (all []T) {
	t.Helper()
	p := telemetry.PageQuery{Query: telemetry.Query{Range: telemetry.Range{From: begin, To: begin.AddDate(0, 0, 1)}}, Limit: 1000}
	for {
		rows, more, err := read(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows...)
		if !more {
			return all
		}
		p.After = key(rows[len(rows)-1])
	}
}

// Every row comes back as it was, once, however odd it is, and no figure changes.
func TestAnArchivedDayComesBack(t *testing.T) {
	s := newStore(t)
	s.smallPieces = 300
	ctx := t.Context()
	s.opt.Clock = clock.NewFake(start.AddDate(0, 0, 30))
	const day = "2026-11-20"
	odd := telemetrytest.NewOdd(3, start)
	gen := telemetrytest.NewGen(3, start.Add(time.Hour), time.Second)
	oddLogs, oddSpans := odd.Logs(500), odd.Spans(500)
	for i := range oddLogs { // they are spread over years
		oddLogs[i].Time, oddSpans[i].Time = start.UnixNano()+int64(i)*987654321, start.UnixNano()+int64(i)*987654321
	}
	putRows(t, s, append(oddLogs, gen.Logs(nil, 500)...), append(oddSpans, gen.Spans(nil, 500)...))
	logs, spans := dayRows(t, s, day)
	stored := map[telemetry.Signal]uint64{telemetry.Logs: uint64(len(logs)), telemetry.Spans: uint64(len(spans))}
	if len(logs) != 1000 || len(spans) != 1000 {
		t.Fatal(len(logs), len(spans))
	}
	figures := minutesText(t, s)
	arrived := fmt.Sprint(s.Arrived(ctx, day))
	files := map[telemetry.Signal][][]byte{}
	signals := []telemetry.Signal{telemetry.Logs, telemetry.Spans}
	for _, signal := range signals {
		var rows uint64
		if files[signal], rows = archiveDay(t, s, day, signal, telemetry.Range{}); rows != stored[signal] || len(files[signal]) < 3 {
			t.Fatalf("%d rows in %d files", rows, len(files[signal]))
		}
		if err := s.DropDay(ctx, day, signal); err != nil {
			t.Fatal(err)
		}
	}
	if l, s := dayRows(t, s, day); len(l)+len(s) != 0 {
		t.Fatal(len(l), len(s))
	}
	for round := range 3 { // brought back, again while it is there, and after it was taken away
		for _, signal := range signals {
			attachFiles(t, s, day, signal, files[signal])
			if n, err := s.FinishAttach(ctx, day, signal, stored[signal], start.AddDate(0, 0, 7)); err != nil || n != stored[signal] {
				t.Fatal(round, n, err)
			}
		}
		l, sp := dayRows(t, s, day)
		if !reflect.DeepEqual(l, logs) || !reflect.DeepEqual(sp, spans) {
			t.Fatalf("round %d: %d logs and %d spans are not what they were", round, len(l), len(sp))
		}
		if tr, _, err := s.Trace(ctx, spans[0].TraceID, 100); err != nil || len(tr) == 0 {
			t.Errorf("its trace is not found: %v", err)
		}
		if got := minutesText(t, s); got != figures {
			t.Errorf("figures changed:\n%s\nwere\n%s", got, figures)
		}
		if got := fmt.Sprint(s.Arrived(ctx, day)); got != arrived {
			t.Errorf("rows count as arrived: %s, was %s", got, arrived)
		}
		if all, err := s.AttachedDays(ctx); err != nil || len(all) != 2 || all[0].State != telemetry.Attached || all[0].Rows != stored[all[0].Signal] || !all[0].Until.Equal(start.AddDate(0, 0, 7)) {
			t.Errorf("%+v %v", all, err)
		}
		if _, err := s.Rebuild(ctx, telemetry.RebuildSpec{Range: telemetry.Range{From: start, To: start.Add(time.Hour)}}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an attached day is rebuilt: %v", err)
		}
		if th, err := s.Thinned(ctx, telemetry.Logs, telemetry.Range{From: start, To: start.Add(time.Hour)}, "", ""); err != nil || !th.Whole {
			t.Errorf("%+v %v", th, err)
		}
		if round == 1 {
			for _, signal := range signals {
				for range 2 {
					if err := s.Detach(ctx, day, signal); err != nil {
						t.Fatal(err)
					}
				}
			}
			if l, s := dayRows(t, s, day); len(l)+len(s) != 0 {
				t.Fatal(len(l), len(s))
			}
		}
	}
	// A row that comes late stays when the others go, and is no part of what is attached.
	late := telemetrytest.NewOdd(4, start.Add(5*time.Hour))
	came := slices.DeleteFunc(late.Logs(70), func(l telemetry.Log) bool { return time.Unix(0, l.Time).UTC().Format(time.DateOnly) != day })
	n := len(came)
	f, err := s.EncodeLogs(nil, came)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx, telemetry.Logs, "late", [][]byte{f}); err != nil {
		t.Fatal(err)
	}
	if l, err := s.Late(ctx, day, telemetry.Logs, time.Time{}); err != nil || l.Rows != uint64(n) {
		t.Errorf("%+v %v", l, err)
	}
	if err := s.Detach(ctx, day, telemetry.Logs); err != nil {
		t.Fatal(err)
	}
	if l, _ := dayRows(t, s, day); len(l) != n {
		t.Errorf("%d rows are left of %d", len(l), n)
	}
}

// minutesText is every table by the minute, to the last row.
func minutesText(t *testing.T, s *Store) (out string) {
	t.Helper()
	for _, table := range append(slices.Clone(minuteTables), "error_groups") {
		var n, sum uint64
		counted := map[string]string{"minutes_requests": "sum(requests)", "minutes_instances": "sum(seen)", "minutes_errors": "sum(occurrences)", "minutes_logs": "sum(logs)", "error_groups": "uniqExact(error_group)"}[table]
		if err := s.reads.QueryRow(t.Context(), "SELECT uniqExact(service), "+counted+" FROM "+table).Scan(&n, &sum); err != nil {
			t.Fatal(table, err)
		}
		out += fmt.Sprintln(table, n, sum)
	}
	return out
}

// A thinned day comes back whole, each row once, and is as thin as before afterwards.
func TestAThinnedDayComesBackWhole(t *testing.T) {
	s := newStore(t)
	s.opt.Clock = clock.NewFake(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	const day = "2026-10-02"
	logs, spans := shopOf(5, 800)
	putRows(t, s, logs, spans)
	wholeLogs, wholeSpans := dayRows(t, s, day)
	files, rows := archiveDay(t, s, day, telemetry.Spans, telemetry.Range{})
	keeps := map[telemetry.Origin]telemetry.Keep{}
	for i := range 3 {
		keeps[telemetry.Origin{Service: fmt.Sprintf("svc%d", i), Env: "prod"}] = telemetry.Keep{State: telemetry.KeptThinned, OneIn: 10}
	}
	if _, _, err := s.Thin(t.Context(), telemetry.Thinning{Day: day, Signal: telemetry.Spans, Keeps: keeps}); err != nil {
		t.Fatal(err)
	}
	_, thin := dayRows(t, s, day)
	if len(thin) == 0 || len(thin) >= len(wholeSpans) {
		t.Fatal(len(thin), len(wholeSpans))
	}
	attachFiles(t, s, day, telemetry.Spans, files[:1])
	if _, err := s.FinishAttach(t.Context(), day, telemetry.Spans, rows+1, time.Time{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("half an archive was taken: %v", err)
	}
	if _, is := dayRows(t, s, day); len(is) != len(thin) {
		t.Errorf("half an attempt shows: %d rows, %d before", len(is), len(thin))
	}
	attachFiles(t, s, day, telemetry.Spans, files)
	if n, err := s.FinishAttach(t.Context(), day, telemetry.Spans, rows, start); err != nil || n != uint64(len(wholeSpans)-len(thin)) {
		t.Fatal(n, err)
	}
	gotLogs, got := dayRows(t, s, day)
	if !reflect.DeepEqual(got, wholeSpans) || !reflect.DeepEqual(gotLogs, wholeLogs) {
		t.Fatalf("%d spans, %d logs", len(got), len(gotLogs))
	}
	if err := s.Detach(t.Context(), day, telemetry.Spans); err != nil {
		t.Fatal(err)
	}
	if _, is := dayRows(t, s, day); !reflect.DeepEqual(is, thin) {
		t.Errorf("%d rows are left, %d were before", len(is), len(thin))
	}
}

// Of two generations each row comes once.
func TestGenerationsOfADay(t *testing.T) {
	s := newStore(t)
	s.opt.Clock = clock.NewFake(start.AddDate(0, 0, 30))
	const day = "2026-11-20"
	gen := telemetrytest.NewGen(3, start, time.Second)
	all := gen.Logs(nil, 90)
	cut := start.Add(time.Hour)
	for i := range all { // thirty long before the cut, thirty just after it, thirty later
		all[i].Arrived = cut.Add(time.Duration(i/30-1) * time.Minute).UnixNano()
	}
	putRows(t, s, all[:60], nil)
	first, n := archiveDay(t, s, day, telemetry.Logs, telemetry.Range{To: cut})
	if n != 30 {
		t.Fatal(n)
	}
	f, _ := s.EncodeLogs(nil, all[60:])
	if err := s.Write(t.Context(), telemetry.Logs, "late", [][]byte{f}); err != nil {
		t.Fatal(err)
	}
	if late, err := s.Late(t.Context(), day, telemetry.Logs, cut); err != nil || late.Rows != 60 || !late.Last.Equal(cut.Add(time.Minute)) {
		t.Fatalf("%+v %v", late, err)
	}
	second, n := archiveDay(t, s, day, telemetry.Logs, telemetry.Range{From: cut, To: cut.Add(time.Hour)})
	if n != 60 {
		t.Fatal(n)
	}
	whole, _ := dayRows(t, s, day)
	if err := s.DropDay(t.Context(), day, telemetry.Logs); err != nil {
		t.Fatal(err)
	}
	attachFiles(t, s, day, telemetry.Logs, first)
	columns, err := s.ArchiveColumns(t.Context(), telemetry.Logs)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range second {
		if err := s.AttachPiece(t.Context(), telemetry.Logs, columns, bytes.NewReader(f)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.FinishAttach(t.Context(), day, telemetry.Logs, 90, start); err != nil || n != 90 {
		t.Fatal(n, err)
	}
	if got, _ := dayRows(t, s, day); !reflect.DeepEqual(got, whole) {
		t.Errorf("%d rows", len(got))
	}
}
