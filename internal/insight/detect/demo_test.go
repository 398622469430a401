package detect_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/yagura-sre/yagura/demo"
	"github.com/yagura-sre/yagura/internal/insight/detect"
	"github.com/yagura-sre/yagura/internal/insight/detect/detecttest"
)

var afternoon = sync.OnceValues(func() ([]detect.Finding, error) {
	flaws, err := demo.ParseFlaws("")
	if err != nil {
		return nil, err
	}
	return inspect(flaws)
})

func inspect(flaws []string) ([]detect.Finding, error) {
	inputs, err := detecttest.Shop(context.Background(), flaws)
	if err != nil {
		return nil, err
	}
	a := detect.NewAcross(nil, detect.Options{})
	var single []detect.Finding
	for _, in := range inputs {
		single = append(single, a.Add(in).Findings...)
	}
	return detect.Join(single, a.Report().Findings), nil
}

// Every flaw of the demo shop is found by its detector at its endpoint, in the code that
// has it, and the clean twin in the same data is not.
func TestEachFlawOfTheShopIsFoundAndItsTwinIsNot(t *testing.T) {
	if testing.Short() {
		t.Skip("plays an afternoon of the shop")
	}
	found, err := afternoon()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range demo.Flaws() {
		if f.Detector == "" {
			continue // it shows as errors alone
		}
		t.Run(f.ID, func(t *testing.T) {
			requests, placed, twin := 0, 0, 0
			for _, x := range found {
				if x.Detector != f.Detector || x.Service != f.Service {
					continue
				}
				switch x.Endpoint {
				case f.Endpoint:
					requests += x.Requests
					if strings.HasPrefix(x.Place.Function, f.Function) && x.Place.File == f.File || x.Place.Handler == (detect.Code{Function: f.Function, File: f.File, Line: f.Line}) {
						placed++
					}
				case f.Clean:
					twin++
					t.Errorf("the clean %s: %s", f.Clean, x.Why.En)
				}
				sound(t, x)
			}
			if requests == 0 {
				t.Errorf("%s was not found at %s %s", f.Detector, f.Service, f.Endpoint)
			}
			// The one who waits for a lock is not the one who holds it.
			if placed == 0 && f.ID != "lock_wait" && f.ID != "missing_cache" {
				t.Errorf("no finding is placed in %s", f.Function)
			}
		})
	}
}

func TestWithoutFlawsTheShopIsClean(t *testing.T) {
	if testing.Short() {
		t.Skip("plays an afternoon of the shop")
	}
	found, err := inspect(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range demo.Flaws() {
		for _, x := range found {
			if f.Detector != "" && x.Detector == f.Detector && x.Service == f.Service && (x.Endpoint == f.Endpoint || x.Endpoint == f.Clean) {
				t.Errorf("%s is switched off: %s", f.ID, x.Why.En)
				break
			}
		}
	}
}

// What is found is the same in both languages: the same numbers, no English in Japanese.
func TestFindingsReadInBothLanguages(t *testing.T) {
	if testing.Short() {
		t.Skip("plays an afternoon of the shop")
	}
	found, err := afternoon()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range found {
		if seen[f.Detector] {
			continue
		}
		seen[f.Detector] = true
		if !slices.ContainsFunc([]rune(f.Why.Ja), func(r rune) bool { return r >= 0x3040 && r <= 0x30ff }) {
			t.Errorf("%s: %q is not Japanese", f.Detector, f.Why.Ja)
		}
		if slices.ContainsFunc([]rune(strings.ReplaceAll(f.Why.En, f.Endpoint, "")), func(r rune) bool { return r >= 0x3040 && r <= 0x30ff }) {
			t.Errorf("%s: %q is not English", f.Detector, f.Why.En)
		}
	}
}
