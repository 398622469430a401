package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const recorded = "../insight/detect/testdata/hotrod.jsonl"

func run(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	status = Main(t.Context(), Process{
		Args: args, Lookup: func(string) (string, bool) { return "", false },
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Version: "test",
	})
	return status, out.String(), errs.String()
}

func TestCheckPrintsATableInBothLanguages(t *testing.T) {
	status, out, errs := run(t, "", "check", recorded)
	if status != 0 || errs != "" {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{"DETECTOR", "lock_wait", "customer GET /customer waited", "n_plus_one_cache", "in 2 traces", "pool_wait"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	_, out, _ = run(t, "", "check", recorded, "--lang", "ja")
	for _, want := range []string{"検出器", "2件のトレース", "ロックを", "待っています"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "%!") {
		t.Errorf("a verb is left over:\n%s", out)
	}
}

func TestCheckGivesJSONForPrograms(t *testing.T) {
	text, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	status, out, errs := run(t, string(text), "check", "-", "--json", "--why-not", "slow_query")
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	var list []map[string]any
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) < 4 {
		t.Fatalf("%v: %s", err, out)
	}
	for _, f := range list {
		for _, key := range []string{"detector", "trace_id", "service", "endpoint", "span_ids", "cost_ms", "saving_ms", "confidence", "why"} {
			if f[key] == nil {
				t.Errorf("no %s in %v", key, f)
			}
		}
		if f["cost_ms"].(float64) <= 0 || len(f["span_ids"].([]any)) == 0 || len(f["trace_id"].(string)) != 32 {
			t.Errorf("%v", f)
		}
	}
	if !strings.Contains(errs, "slow_query:") {
		t.Errorf("the reason is not beside the array: %q", errs)
	}
	if _, out, _ = run(t, string(text), "check", "-", "--json", "--only", "slow_query"); strings.TrimSpace(out) != "[]" {
		t.Errorf("nothing found is %q", out)
	}
}

func TestCheckIsAGate(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
	}{
		{nil, 0},
		{[]string{"--fail-on", "any"}, 1},
		{[]string{"--fail-on", "ANY", "--only", "slow_query"}, 0},
		{[]string{"--fail-on", "lock_wait,slow_query"}, 1},
		{[]string{"--fail-on", "slow_query"}, 0},
		{[]string{"--fail-on", "saving>100ms"}, 1},
		{[]string{"--fail-on", "saving>1h"}, 0},
		{[]string{"--fail-on", "n_plus_one_cache,saving>1h"}, 0},
		{[]string{"--fail-on", "pool_wait", "--confidence", "high"}, 0},
		{[]string{"--fail-on", "pool_wait", "--except", "pool_wait"}, 0},
	} {
		if status, _, errs := run(t, "", append([]string{"check", recorded}, c.args...)...); status != c.status {
			t.Errorf("%v: status %d, want %d: %s", c.args, status, c.status, errs)
		}
	}
}

func TestCheckSaysWhyNot(t *testing.T) {
	_, out, _ := run(t, "", "check", recorded, "--why-not", "retry_storm,pool_wait,http1_queueing")
	for _, want := range []string{"retry_storm: Nearest: 2 attempts at GetDriver", "the threshold is 3", "pool_wait: it did", "http1_queueing: Nothing here", "Rule: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestCheckTakesThresholds(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		p := filepath.Join(dir, "t.yaml")
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	found := func(text string) []string {
		status, out, errs := run(t, "", "check", recorded, "--json", "--thresholds", file(text))
		if status != 0 {
			t.Fatalf("%s: %s", text, errs)
		}
		var list []struct{ Detector string }
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, f := range list {
			if !slices.Contains(ids, f.Detector) {
				ids = append(ids, f.Detector)
			}
		}
		return ids
	}
	for text, want := range map[string]struct {
		id string
		is bool
	}{
		"n_plus_one_cache: {count: 50}\n":                                                                {"n_plus_one_cache", false},
		"worker:\n  n_plus_one_cache: {count: 50}\n":                                                     {"n_plus_one_cache", true},
		"rules:\n- service: driver\n  off: [n_plus_one_cache]\n":                                         {"n_plus_one_cache", false},
		"rules:\n- service: dr*\n  endpoint: '*/FindNearest'\n  n_plus_one_cache: {total: 10s}\n":        {"n_plus_one_cache", false},
		"rules:\n- service: frontend\n  off: [n_plus_one_cache]\n":                                       {"n_plus_one_cache", true},
		"retry_storm: {attempts: 2}\n":                                                                   {"retry_storm", true},
		"n_plus_one_cache: {count: 50}\nrules:\n- service: driver\n  n_plus_one_cache: {count: 10}\n":    {"n_plus_one_cache", true},
		"rules:\n- kind: worker\n  off: [lock_wait]\nweb:\n  lock_wait: {wait: 100ms}\n# nothing else\n": {"lock_wait", true},
	} {
		if got := slices.Contains(found(text), want.id); got != want.is {
			t.Errorf("%s: %s %v", text, want.id, got)
		}
	}
	for text, says := range map[string]string{
		"nonsense: {a: 1}":                   "no detector",
		"slow_query: {durations: 1s}":        "no threshold",
		"slow_query: {duration: soon}":       "is no duration",
		"slow_query: {factor: 0}":            "too little",
		"sequential_calls: {share: 200%}":    "too much",
		"- a":                                "mapping",
		"rules:\n- kind: batch\n  off: []\n": "no kind of work",
		"slow_query: {duration: 1s":          "YAML",
	} {
		status, _, errs := run(t, "", "check", recorded, "--thresholds", file(text))
		if status != 1 || !strings.Contains(errs, says) || !strings.Contains(errs, "t.yaml") {
			t.Errorf("%s: status %d, %q", text, status, errs)
		}
	}
}

func TestCheckRefusesWhatItCannotRead(t *testing.T) {
	for _, c := range []struct {
		stdin string
		args  []string
		says  string
	}{
		{"", []string{"nowhere.json"}, "nowhere.json cannot be read"},
		{"{}", []string{"-"}, "standard input: Line 1: This is neither"},
		{"", []string{recorded, "--only", "bogus"}, "no detector"},
		{"", []string{recorded, "--fail-on", "saving>much"}, "is no duration"},
		{"", []string{recorded, "--fail-on", "rows>5s"}, "cannot be compared"},
	} {
		status, _, errs := run(t, c.stdin, append([]string{"check"}, c.args...)...)
		if status != 1 || !strings.Contains(errs, c.says) {
			t.Errorf("%v: status %d, %q", c.args, status, errs)
		}
	}
	if status, _, _ := run(t, "", "check"); status != 2 {
		t.Errorf("without a file: status %d", status)
	}
}
