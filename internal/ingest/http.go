package ingest

import (
	"context"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/ingest/wal"
)

// IngestStatusView is what comes in and what does not. Counts are since the server's start.
type IngestStatusView struct {
	Sources    []SourceView      `json:"sources" doc:"Who sent what, by service, environment and signal."`
	Refusals   []RefusalView     `json:"refusals" doc:"What was refused, or stored changed, and how to mend it; the latest first."`
	Quarantine []QuarantinedView `json:"quarantine" doc:"Rows that the engine refused for good; the latest first."`
	Transports []TransportView   `json:"transports"`
	Redactions []RedactionView   `json:"redactions" doc:"How often each rule took something out."`
}

// SourceView is what one service sent of one signal from one environment.
type SourceView struct {
	Service       string    `json:"service"`
	Env           string    `json:"env"`
	Signal        string    `json:"signal" enum:"logs,spans,metrics"`
	Rows          int64     `json:"rows" doc:"Of metrics: data points."`
	LastSeen      time.Time `json:"last_seen"`
	RowsPerSecond float64   `json:"rows_per_second" doc:"Over about the last minute."`
	Own           bool      `json:"own" doc:"It is Yagura's own telemetry."`
}

// RefusalView is what was refused or changed for one reason.
type RefusalView struct {
	Signal  string    `json:"signal" doc:"logs, spans, metrics, or empty when it could not be told."`
	Service string    `json:"service" doc:"Empty when the request was refused before it could be told."`
	Reason  string    `json:"reason"`
	Text    string    `json:"text" doc:"In the asker's language: what happened and how to mend it."`
	Guide   string    `json:"guide" doc:"Address of the page that says more of the reason, in the asker's language." format:"uri"`
	Stored  bool      `json:"stored" doc:"The rows were stored, changed; otherwise they were refused."`
	Retried bool      `json:"retried" doc:"The sender was asked to send the same again."`
	Count   int64     `json:"count" doc:"Rows; requests where rows could not be told."`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Example string    `json:"example" doc:"Redacted."`
}

// QuarantinedView is a row that the engine refused for good.
type QuarantinedView struct {
	ID      string    `json:"id"`
	Signal  string    `json:"signal" enum:"logs,spans,metrics"`
	Time    time.Time `json:"time"`
	Rows    int       `json:"rows"`
	Reason  string    `json:"reason"`
	Example string    `json:"example"`
}

// TransportView counts what one transport took of one signal.
type TransportView struct {
	Transport string `json:"transport" enum:"grpc,http"`
	Signal    string `json:"signal" enum:"logs,spans,metrics"`
	Requests  int64  `json:"requests"`
	Bytes     int64  `json:"bytes" doc:"Decompressed."`
	Rows      int64  `json:"rows"`
	Refused   int64  `json:"refused"`
}

// RedactionView counts what one rule took out.
type RedactionView struct {
	Rule  string `json:"rule"`
	Count int64  `json:"count"`
}

// Register adds the room's operations. status asks whoever receives: this process, or
// those beside it.
func Register(a *api.API, c clock.Clock, status func(ctx context.Context, lang i18n.Lang, from, to time.Time) (IngestStatusView, error)) {
	api.Register(a, api.Op{
		ID: "get-ingest-status", Method: http.MethodGet, Path: "/status/ingest", Tag: "status", Permission: authz.StatusRead,
		Summary:     "What comes in, and what does not",
		Description: "Sources, refusals and quarantined rows that were last seen in the range.",
	}, func(ctx context.Context, in *struct{ api.RangeParams }) (*api.Out[IngestStatusView], error) {
		from, to, err := in.Range(c)
		if err != nil {
			return nil, err
		}
		v, err := status(ctx, api.Lang(ctx), from, to)
		if err != nil {
			return nil, err
		}
		return api.OK(v), nil
	})
}

// Status is what came in here and what did not, as it was last seen in a range; q is what
// the write-ahead log holds back.
func (s *Service) Status(lang i18n.Lang, from, to time.Time, q wal.Quarantine) IngestStatusView {
	v := s.view(lang, from, to)
	for _, q := range q.Rows {
		if within(q.Time, from, to) {
			v.Quarantine = append(v.Quarantine, QuarantinedView{ID: q.ID, Signal: q.Signal.String(), Time: q.Time, Rows: 1, Reason: q.Reason, Example: q.Row})
		}
	}
	return v
}

func within(t, from, to time.Time) bool { return !t.Before(from) && t.Before(to) }

// view is the status as it is told in a language: what was last seen in the range. One
// that ends about now has no end, so that what goes on is in however a page rounds it.
func (s *Service) view(lang i18n.Lang, from, to time.Time) IngestStatusView {
	if now := s.clock.Now(); now.Sub(to) < time.Minute {
		to = now.Add(time.Minute)
	}
	v := IngestStatusView{Sources: []SourceView{}, Refusals: []RefusalView{}, Quarantine: []QuarantinedView{}, Transports: []TransportView{}, Redactions: []RedactionView{}}
	for _, x := range s.Sources() {
		if within(x.Last, from, to) {
			v.Sources = append(v.Sources, SourceView{x.Service, x.Env, x.Signal.String(), x.Rows, x.Last, x.RowsPerSecond, x.Service == OwnService})
		}
	}
	for _, r := range s.Refusals() {
		if !within(r.Last, from, to) {
			continue
		}
		signal := ""
		if r.Signal != 0 {
			signal = r.Signal.String()
		}
		v.Refusals = append(v.Refusals, RefusalView{
			Signal: signal, Service: r.Service, Reason: string(r.Reason), Text: r.Text.In(lang), Guide: r.Reason.Guide(lang), Stored: r.Stored, Retried: r.Reason.Retried(),
			Count: r.Count, First: r.First, Last: r.Last, Example: r.Example,
		})
	}
	for _, t := range s.Traffic() {
		v.Transports = append(v.Transports, TransportView{t.Transport, t.Signal.String(), t.Requests, t.Bytes, t.Rows, t.Refused})
	}
	counts := s.Redactions()
	for _, id := range s.redactor.ids {
		v.Redactions = append(v.Redactions, RedactionView{id, counts[id]})
	}
	return v
}
