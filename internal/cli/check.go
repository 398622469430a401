package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/tracefile"
)

// checkCmd runs the detectors over files of traces, without a server: a performance gate
// for a pipeline.
type checkCmd struct {
	Files []string `arg:"" name:"file" help:"${check_files}"`

	Only       []string `help:"${check_only}" placeholder:"DETECTOR,…"`
	Except     []string `help:"${check_except}" placeholder:"DETECTOR,…"`
	WhyNot     []string `help:"${check_why_not}" placeholder:"DETECTOR,…"`
	Thresholds string   `help:"${check_thresholds}" placeholder:"FILE"`
	FailOn     []string `help:"${check_fail_on}" placeholder:"any|DETECTOR|saving>100ms"`
	Confidence string   `help:"${check_confidence}" enum:"possible,medium,high" default:"possible" placeholder:"LEVEL"`
	JSON       bool     `help:"${json}" name:"json"`
}

// checkedFinding is a finding as programs read it.
type checkedFinding struct {
	Detector   string   `json:"detector"`
	TraceID    string   `json:"trace_id"`
	Service    string   `json:"service"`
	Endpoint   string   `json:"endpoint"`
	SpanIDs    []string `json:"span_ids"`
	CostMS     float64  `json:"cost_ms"`
	SavingMS   float64  `json:"saving_ms"`
	Confidence float64  `json:"confidence"`
	Why        string   `json:"why"`

	Reasons   []string `json:"reasons"` // of the confidence
	Env       string   `json:"env,omitempty"`
	Kind      string   `json:"kind"`
	Spans     int      `json:"spans"` // of evidence, of which span_ids has the first
	Requests  int      `json:"requests"`
	TraceIDs  []string `json:"trace_ids,omitempty"` // of others that show it
	Waiting   bool     `json:"waiting"`             // whether the saving is time that the asker waits
	Also      string   `json:"also,omitempty"`      // the detector whose finding explains this one
	Key       string   `json:"key"`
	Operation string   `json:"operation,omitempty"`
	Peer      string   `json:"peer,omitempty"`
	Function  string   `json:"function,omitempty"`
	File      string   `json:"file,omitempty"`
	Line      int      `json:"line,omitempty"`
	// The handler that the code above ran in.
	Handler     string `json:"handler,omitempty"`
	HandlerFile string `json:"handler_file,omitempty"`
	HandlerLine int    `json:"handler_line,omitempty"`
}

func (c checkCmd) Run(s *session) error {
	gate, err := parseGate(c.FailOn)
	if err != nil {
		return err
	}
	for flag, list := range map[string][]string{"--only": c.Only, "--except": c.Except, "--why-not": c.WhyNot} {
		for _, id := range list {
			if _, ok := detect.ByID(id); !ok {
				return noDetector(flag, id)
			}
		}
	}
	var th *detect.Thresholds
	if c.Thresholds != "" {
		text, err := os.ReadFile(c.Thresholds)
		if err != nil {
			return unreadable(c.Thresholds, err)
		}
		if th, err = detect.ParseThresholds(text); err != nil {
			return in(c.Thresholds, err)
		}
	}
	run := &checkRun{across: detect.NewAcross(th, detect.Options{Only: c.Only, Except: c.Except, WhyNot: c.WhyNot})}
	for _, name := range c.Files {
		if err := run.file(s, name); err != nil {
			return err
		}
	}
	run.done()
	floor := map[string]float64{"medium": detect.Fair, "high": detect.Likely}[c.Confidence]
	run.found = slices.DeleteFunc(run.found, func(f detect.Finding) bool { return f.Confidence.Score < floor })

	switch {
	case c.JSON:
		err = s.print(run.list(s))
	default:
		err = run.table(s)
	}
	if err != nil {
		return err
	}
	if err := run.reasons(s, c.WhyNot, c.JSON); err != nil {
		return err
	}
	if n := gate.count(run.found); n > 0 {
		_, _ = fmt.Fprintf(s.Stderr, "yagura: %s\n", s.text(i18n.F("%d findings that --fail-on names", "--fail-on に該当する検出結果が%d件あります", n)))
		return errUnwell
	}
	return nil
}

// checkRun collects what the files give.
type checkRun struct {
	across         *detect.Across
	found          []detect.Finding
	why            []detect.WhyNot
	traces, spans  int
	skipped, spare int // spans without ids; findings beyond the bound
}

func (r *checkRun) file(s *session, name string) error {
	from := s.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return unreadable(name, err)
		}
		defer func() { _ = f.Close() }() // it was only read
		from = f
	}
	read, err := tracefile.Read(from)
	if err != nil {
		if name == "-" {
			name = s.text(i18n.T("standard input", "標準入力"))
		}
		return in(name, err)
	}
	r.skipped += read.Skipped
	for _, t := range read.Traces {
		rep := r.across.Add(detect.Input{Tree: insight.Assemble(t.Spans), Logs: t.Logs})
		r.found = append(r.found, rep.Findings...)
		r.why = append(r.why, rep.WhyNot...)
		r.spare += rep.Dropped
		r.traces++
		r.spans += len(t.Spans)
	}
	return nil
}

func (r *checkRun) done() {
	set := r.across.Report()
	r.found = detect.Join(r.found, set.Findings)
	r.why = append(r.why, set.WhyNot...)
}

func (r *checkRun) list(s *session) []checkedFinding {
	out := make([]checkedFinding, 0, len(r.found))
	for _, f := range r.found {
		v := checkedFinding{
			Detector: f.Detector, TraceID: f.TraceID.String(), Service: f.Service, Endpoint: f.Endpoint, SpanIDs: []string{}, Reasons: []string{},
			CostMS: millis(f.CostNS), SavingMS: millis(f.SavingNS), Confidence: f.Confidence.Score, Why: s.text(f.Why),
			Env: f.Env, Kind: string(f.Kind), Spans: f.Spans, Requests: f.Requests, Waiting: f.Main, Also: f.Also, Key: f.Key,
			Operation: f.Place.Operation, Peer: f.Place.Peer, Function: f.Place.Function, File: f.Place.File, Line: f.Place.Line,
			Handler: f.Place.Handler.Function, HandlerFile: f.Place.Handler.File, HandlerLine: f.Place.Handler.Line,
		}
		for _, id := range f.SpanIDs {
			v.SpanIDs = append(v.SpanIDs, id.String())
		}
		for _, id := range f.Traces {
			v.TraceIDs = append(v.TraceIDs, id.String())
		}
		for _, t := range f.Confidence.Reasons {
			v.Reasons = append(v.Reasons, s.text(t))
		}
		out = append(out, v)
	}
	return out
}

func millis(ns int64) float64 { return float64(ns/1000) / 1000 }

// table shows one row for what has one cause, the worst of its requests standing for all.
func (r *checkRun) table(s *session) error {
	type row struct {
		detect.Finding
		requests int
	}
	at := map[string]int{}
	var rows []row
	for _, f := range r.found {
		k := f.Key + "\x00" + f.Endpoint
		i, ok := at[k]
		if !ok {
			at[k] = len(rows)
			rows = append(rows, row{f, f.Requests})
			continue
		}
		// What was found over the set speaks for the single ones, and they for themselves.
		if f.Requests > 1 {
			rows[i].requests = max(rows[i].requests, f.Requests)
		} else {
			rows[i].requests += f.Requests
		}
	}
	head := i18n.F("%d spans in %d traces: %d findings of %d causes.", "%[2]d件のトレース（%[1]dスパン）から、%[4]d種類の原因による%[3]d件を検出しました。", r.spans, r.traces, len(r.found), len(rows))
	if len(rows) == 0 {
		head = i18n.F("%d spans in %d traces: nothing found.", "%[2]d件のトレース（%[1]dスパン）から、問題は検出されませんでした。", r.spans, r.traces)
	}
	if _, err := fmt.Fprintln(s.Stdout, s.text(head)); err != nil {
		return err
	}
	for _, note := range []struct {
		n    int
		text i18n.Text
	}{
		{r.skipped, i18n.F("%d spans without IDs were left out.", "IDのないスパン%d件を除外しました。", r.skipped)},
		{r.spare, i18n.F("%d more findings in traces that have more than %d each are left out.", "1トレースあたりの上限（%[2]d件）を超えた検出結果%[1]d件を省略しました。", r.spare, detect.MaxFindings)},
	} {
		if note.n > 0 {
			if _, err := fmt.Fprintln(s.Stdout, "  * "+s.text(note.text)); err != nil {
				return err
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	t := newTable(s.all(i18n.T("DETECTOR", "検出器"), i18n.T("SAVING", "短縮"), i18n.T("COST", "所要"), i18n.T("REQUESTS", "件数"), i18n.T("SURE", "確度"),
		i18n.T("TRACE", "トレース"), i18n.T("WHAT", "内容"))...).numbers(1, 2, 3)
	for _, f := range rows {
		name := f.Detector
		if f.Also != "" {
			name = "└ " + name
		}
		what := s.text(f.Why)
		if f.Place.File != "" {
			what += fmt.Sprintf(" [%s:%d]", f.Place.File, f.Place.Line)
		}
		t.row(name, duration(float64(f.SavingNS)), duration(float64(f.CostNS)), i18n.Group(uint64(f.requests)), s.text(level(f.Confidence)), f.TraceID.String(), oneLine(what))
	}
	return t.write(s.Stdout)
}

func level(c detect.Confidence) i18n.Text {
	switch c.Level() {
	case "high":
		return i18n.T("high", "高")
	case "medium":
		return i18n.T("medium", "中")
	}
	return i18n.T("possible", "可能性")
}

// reasons says why detectors did not fire. With --json it goes beside the array.
func (r *checkRun) reasons(s *session, asked []string, beside bool) error {
	to := s.Stdout
	if beside {
		to = s.Stderr
	}
	for _, id := range asked {
		fired := 0
		for _, f := range r.found {
			if f.Detector == id {
				fired += f.Requests
			}
		}
		var text string
		var best *detect.WhyNot
		for i := range r.why {
			if w := &r.why[i]; w.Detector == id && (best == nil || w.Near > best.Near) {
				best = w
			}
		}
		switch {
		case fired > 0:
			text = s.text(i18n.F("it did: %d times.", "検出しています（%d件）。", fired))
		case best == nil:
			text = s.text(i18n.T("it was left out.", "実行対象から除外されています。"))
		default:
			text = s.text(best.Text)
			if !best.TraceID.IsZero() && best.Near > 0 {
				text += s.text(i18n.F(" (trace %s)", "（トレース %s）", best.TraceID))
			}
		}
		if _, err := fmt.Fprintf(to, "%s: %s\n", id, oneLine(text)); err != nil {
			return err
		}
		if d, ok := detect.ByID(id); ok && fired == 0 {
			if _, err := fmt.Fprintf(to, "  %s\n", s.text(i18n.F("Rule: %s", "条件：%s", d.RuleFor(detect.Web)))); err != nil {
				return err
			}
		}
	}
	return nil
}

// gate is what ends the command with status 1.
type gate struct {
	any          bool
	detectors    []string
	saving, cost int64 // more than so much; -1 for not asked
}

func parseGate(list []string) (gate, error) {
	g := gate{saving: -1, cost: -1}
	for _, item := range list {
		item = strings.TrimSpace(item)
		name, value, more := strings.Cut(item, ">")
		switch {
		case more:
			d, err := time.ParseDuration(strings.TrimSpace(strings.TrimPrefix(value, "=")))
			if err != nil || d < 0 {
				return g, fault.Field("--fail-on", i18n.F("%q is no duration; write it as saving>100ms.", "「%s」は時間として解釈できません。saving>100ms のように指定してください。", value))
			}
			switch strings.TrimSpace(name) {
			case "saving":
				g.saving = int64(d)
			case "cost":
				g.cost = int64(d)
			default:
				return g, fault.Field("--fail-on", i18n.F("%q cannot be compared; saving and cost can.", "「%s」は比較できません。saving または cost を指定してください。", name))
			}
		case strings.EqualFold(item, "any"):
			g.any = true
		default:
			if _, ok := detect.ByID(item); !ok {
				return g, noDetector("--fail-on", item)
			}
			g.detectors = append(g.detectors, item)
		}
	}
	return g, nil
}

// count is how many findings end the command. Detectors and amounts given together must
// both hold.
func (g gate) count(found []detect.Finding) (n int) {
	if !g.any && len(g.detectors) == 0 && g.saving < 0 && g.cost < 0 {
		return 0
	}
	for _, f := range found {
		if len(g.detectors) > 0 && !g.any && !slices.Contains(g.detectors, f.Detector) || f.SavingNS <= g.saving && g.saving >= 0 || f.CostNS <= g.cost && g.cost >= 0 {
			continue
		}
		n++
	}
	return n
}

func noDetector(flag, id string) error {
	var ids []string
	for _, d := range detect.All() {
		ids = append(ids, d.ID)
	}
	return fault.Field(flag, i18n.F("There is no detector %q; there are %s.", "検出器「%s」はありません。指定できるのは %s です。", id, strings.Join(ids, ", ")))
}

func unreadable(name string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fault.Wrap(err, fault.Invalid, i18n.F("%s cannot be read: %v", "%s を読み取れません：%v", name, err))
}

// in says in which file an error is.
func in(name string, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return unreadable(name, err)
	}
	g := *f
	g.Text = i18n.F("%s: %s", "%s：%s", name, g.Text)
	return &g
}
