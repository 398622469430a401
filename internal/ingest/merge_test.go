package ingest

import (
	"testing"
	"time"
)

func TestMerge(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	one := IngestStatusView{
		Sources:    []SourceView{{"b", "", "logs", 5, at, 1, false}, {"a", "", "logs", 1, at, 1, false}},
		Refusals:   []RefusalView{{Signal: "logs", Service: "a", Reason: "r", Count: 2, First: at, Last: at, Example: "old"}, {Reason: "s", Count: 1, Last: at.Add(time.Second)}},
		Transports: []TransportView{{"grpc", "logs", 1, 2, 3, 4}},
		Redactions: []RedactionView{{"x", 1}, {"y", 0}},
		Quarantine: []QuarantinedView{{ID: "1", Time: at}},
	}
	two := IngestStatusView{
		Sources:    []SourceView{{"b", "", "logs", 7, at.Add(time.Minute), 2, false}, {"b", "prod", "logs", 1, at, 1, false}},
		Refusals:   []RefusalView{{Signal: "logs", Service: "a", Reason: "r", Count: 3, First: at.Add(-time.Hour), Last: at.Add(time.Hour), Example: "new"}},
		Transports: []TransportView{{"grpc", "logs", 1, 1, 1, 1}, {"http", "logs", 1, 0, 0, 0}},
		Redactions: []RedactionView{{"x", 2}},
		Quarantine: []QuarantinedView{{ID: "2", Time: at.Add(time.Second)}},
	}
	v := Merge(one, two)
	if len(v.Sources) != 3 || v.Sources[0].Service != "a" || v.Sources[1] != (SourceView{"b", "", "logs", 12, at.Add(time.Minute), 3, false}) {
		t.Errorf("%+v", v.Sources)
	}
	if len(v.Refusals) != 2 || v.Refusals[0].Count != 5 || v.Refusals[0].Example != "new" || !v.Refusals[0].First.Equal(at.Add(-time.Hour)) {
		t.Errorf("%+v", v.Refusals)
	}
	if len(v.Transports) != 2 || v.Transports[0] != (TransportView{"grpc", "logs", 2, 3, 4, 5}) || v.Redactions[0].Count != 3 || len(v.Redactions) != 2 || v.Quarantine[0].ID != "2" {
		t.Errorf("%+v", v)
	}
	// Nothing is null on the wire, also when nobody answers.
	if v := Merge(); v.Sources == nil || v.Refusals == nil || v.Quarantine == nil || v.Transports == nil || v.Redactions == nil {
		t.Errorf("%+v", v)
	}
}
