package detect

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Detector is one rule.
type Detector struct {
	ID string
	// Title is what a finding of it is called, Rule when it fires, with {param} where a
	// threshold stands, Advice what to do.
	Title, Rule, Advice i18n.Text
	Params              []Param
	// Over says that it (also) looks over a set of traces.
	Over bool

	trace  func(*scan)
	across func(*sweep)
	index  int // in All
}

// Unit is what a threshold counts.
type Unit uint8

// The units. A Percent is of 100.
const (
	Count Unit = iota
	Duration
	Bytes
	Percent
)

// Param is a threshold.
type Param struct {
	Name        string
	Unit        Unit
	Web, Worker int64 // defaults; browsers and telephones have the web's
	Text        i18n.Text
	// Min and Max bound what may be set; Max 0 is no bound.
	Min, Max int64
}

const (
	ms = int64(1_000_000)
	kb = int64(1_000)
)

func count(name string, web, worker int64, en, ja string) Param {
	return Param{Name: name, Unit: Count, Web: web, Worker: worker, Text: i18n.T(en, ja), Min: 1, Max: 1_000_000}
}

func lasts(name string, web, worker int64, en, ja string) Param {
	return Param{Name: name, Unit: Duration, Web: web, Worker: worker, Text: i18n.T(en, ja), Max: 24 * 3600 * 1000 * ms}
}

func bytes(name string, web, worker int64, en, ja string) Param {
	return Param{Name: name, Unit: Bytes, Web: web, Worker: worker, Text: i18n.T(en, ja), Min: 1}
}

func percent(name string, web, worker int64, en, ja string) Param {
	return Param{Name: name, Unit: Percent, Web: web, Worker: worker, Text: i18n.T(en, ja), Max: 100}
}

// Default is the threshold's default for a kind of work.
func (p Param) Default(k Kind) int64 {
	if k == Worker {
		return p.Worker
	}
	return p.Web
}

// RuleFor is the rule with the thresholds that hold for a kind of work by default.
func (d *Detector) RuleFor(k Kind) i18n.Text {
	limits := make([]int64, len(d.Params))
	for i, p := range d.Params {
		limits[i] = p.Default(k)
	}
	return d.rule(limits)
}

func (d *Detector) rule(limits []int64) i18n.Text {
	pairs := make([]string, 0, 2*len(limits))
	for i, p := range d.Params {
		pairs = append(pairs, "{"+p.Name+"}", p.Unit.Format(limits[i]))
	}
	r := strings.NewReplacer(pairs...)
	return i18n.T(r.Replace(d.Rule.En), r.Replace(d.Rule.Ja))
}

func (d *Detector) param(name string) int {
	for i := range d.Params {
		if d.Params[i].Name == name {
			return i
		}
	}
	return -1
}

// All are the detectors, in the order in which they are shown; which of two findings on
// the same spans is the one to read is for explains (overlap.go) to say.
func All() []*Detector { return all }

// ByID finds a detector.
func ByID(id string) (*Detector, bool) {
	for _, d := range all {
		if d.ID == id {
			return d, true
		}
	}
	return nil, false
}
