package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/yagura-sre/yagura/demo"
	"github.com/yagura-sre/yagura/internal/insight"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/detect/detecttest"
	"github.com/yagura-sre/yagura/internal/insight/tracefile"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// score counts a detector's right and wrong answers: over labelled cases, one each; over
// the shop, one for a flawed endpoint and one for its clean twin.
type score struct{ right, wrong, missed int }

type scores map[string]*score

func (s scores) of(id string) *score {
	if s[id] == nil {
		s[id] = &score{}
	}
	return s[id]
}

// label counts what was found against what should be and what may be.
func (s scores) label(found map[string]bool, fires, also []string) {
	for _, id := range fires {
		if found[id] {
			s.of(id).right++
		} else {
			s.of(id).missed++
		}
	}
	for id := range found {
		if !slices.Contains(fires, id) && !slices.Contains(also, id) {
			s.of(id).wrong++
		}
	}
}

// detectors prints precision and recall over the labelled set in the tree, and what a
// million spans cost.
func detectors(ctx context.Context, _ options) error {
	s := scores{}
	if err := s.cases(); err != nil {
		return err
	}
	if err := s.hotrod(); err != nil {
		return err
	}
	all, err := demo.ParseFlaws("")
	if err != nil {
		return err
	}
	inputs, err := detecttest.Shop(ctx, all)
	if err != nil {
		return err
	}
	s.shop(inputs, true)
	clean, err := detecttest.Shop(ctx, nil)
	if err != nil {
		return err
	}
	s.shop(clean, false)

	total := score{}
	fmt.Printf("  %-26s %9s %7s   right wrong missed\n", "", "precision", "recall")
	line := func(name string, x score) {
		fmt.Printf("  %-26s %9s %7s   %5d %5d %6d\n", name, share(x.right, x.right+x.wrong), share(x.right, x.right+x.missed), x.right, x.wrong, x.missed)
	}
	for _, d := range detect.All() {
		x := *s.of(d.ID)
		line(d.ID, x)
		total.right, total.wrong, total.missed = total.right+x.right, total.wrong+x.wrong, total.missed+x.missed
	}
	line("all", total)
	cost(inputs)
	return nil
}

func share(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// inspect runs both stages.
func inspect(inputs []detect.Input) []detect.Finding {
	a := detect.NewAcross(nil, detect.Options{})
	var single []detect.Finding
	for _, in := range inputs {
		single = append(single, a.Add(in).Findings...)
	}
	return detect.Join(single, a.Report().Findings)
}

const testdata = "internal/insight/detect/testdata"

func (s scores) cases() error {
	files, err := filepath.Glob(filepath.Join(testdata, "*.trace"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no labelled cases in %s: run it from the root of the repository", testdata)
	}
	n := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		cases, err := detecttest.Parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		n += len(cases)
		for _, c := range cases {
			s.label(ids(inspect(c.Inputs)), c.Fires, c.Also)
		}
	}
	fmt.Printf("  labelled: %d cases, two recorded requests to HotROD, an afternoon of the demo shop with its flaws and one without\n", n)
	return nil
}

func ids(found []detect.Finding) map[string]bool {
	out := map[string]bool{}
	for _, f := range found {
		out[f.Detector] = true
	}
	return out
}

func (s scores) hotrod() error {
	f, err := os.Open(filepath.Join(testdata, "hotrod.jsonl"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	file, err := tracefile.Read(f)
	if err != nil {
		return err
	}
	for i, t := range file.Traces {
		fires := []string{"n_plus_one_cache", "pool_wait"}
		if i == 1 { // one among five at once
			fires = append(fires, "lock_wait")
		}
		s.label(ids(inspect([]detect.Input{{Tree: insight.Assemble(t.Spans)}})), fires, nil)
	}
	return nil
}

// shop labels each flaw's endpoint as one to be found while the flaw is on, and its clean
// twin, and all of them while it is off, as one that must not be.
func (s scores) shop(inputs []detect.Input, flawed bool) {
	found := inspect(inputs)
	at := func(detector, service, endpoint string) bool {
		return slices.ContainsFunc(found, func(f detect.Finding) bool {
			return f.Detector == detector && f.Service == service && f.Endpoint == endpoint
		})
	}
	for _, f := range demo.Flaws() {
		if f.Detector == "" {
			continue
		}
		x := s.of(f.Detector)
		switch is := at(f.Detector, f.Service, f.Endpoint); {
		case flawed && is:
			x.right++
		case flawed:
			x.missed++
		case is:
			x.wrong++
		}
		if at(f.Detector, f.Service, f.Clean) {
			x.wrong++
		}
	}
}

// cost measures this process's CPU for a million spans: assembling the traces, both
// stages, and the collector of garbage.
func cost(inputs []detect.Input) {
	var traces [][]telemetry.Span
	spans := 0
	for _, in := range inputs {
		var t []telemetry.Span
		for i := range in.Tree.Nodes {
			t = append(t, *in.Tree.Nodes[i].Span)
		}
		traces = append(traces, t)
		spans += len(t)
	}
	const million = 1_000_000
	done := 0
	start, began := cpu(), time.Now()
	for done < million {
		a := detect.NewAcross(nil, detect.Options{})
		for _, t := range traces {
			a.Add(detect.Input{Tree: insight.Assemble(t)})
			done += len(t)
		}
		a.Report()
	}
	used, took := cpu()-start, time.Since(began)
	fmt.Printf("  %.1f CPU-s per million spans, assembled and looked through (%d in traces of %d, %.1f s); 20 are asked\n",
		used*million/float64(done), done, spans/max(1, len(traces)), took.Seconds())
}

// cpu is what this process has used, in seconds.
func cpu() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}
