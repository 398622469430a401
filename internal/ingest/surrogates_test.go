package ingest

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func TestBreakLoneSurrogates(t *testing.T) {
	for in, want := range map[string]string{
		`plain`:                           `plain`,
		`"\ud83d\ude00"`:                  `"\ud83d\ude00"`, // a pair
		`"\uD83D\uDE00\n\u0041"`:          `"\uD83D\uDE00\n\u0041"`,
		`"a\ud83dz"`:                      "\"a\xffz\"",
		`"\ude00"`:                        "\"\xff\"",
		`"\ud83d\ud83d\ude00"`:            "\"\xff\\ud83d\\ude00\"",
		`"\\ud83d"`:                       `"\\ud83d"`, // a backslash and letters
		`"\\\ud83d"`:                      "\"\\\\\xff\"",
		`"\ud8`:                           `"\ud8`,
		`\ud83d\`:                         "\xff\\",
		`"\ud83d\u0041 \udc00\" \uDBFF"`:  "\"\xff\\u0041 \xff\\\" \xff\"",
		strings.Repeat(`\ud800`, 3) + `x`: "\xff\xff\xffx",
	} {
		if got := string(breakLoneSurrogates([]byte(in))); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// A row whose text had half a pair is marked, and counted; its neighbour is not.
func TestLoneSurrogateInJSONIsMarked(t *testing.T) {
	s, st := serve(t, nil)
	now := strconv.FormatInt(time.Now().UnixNano(), 10)
	code, _, _ := post(t, s, "/v1/logs", []byte(`{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
		"scopeLogs":[{"logRecords":[
			{"timeUnixNano":"`+now+`","body":{"stringValue":"half \ud83d of it"}},
			{"timeUnixNano":"`+now+`","body":{"stringValue":"whole \ud83d\ude00 \ufffd"},"attributes":[{"key":"k","value":{"stringValue":"v"}}]},
			{"timeUnixNano":"`+now+`","body":{"stringValue":"fine"},"attributes":[{"key":"k","value":{"stringValue":"\udc00"}}]}]}]}]}`),
		"Content-Type", "application/json")
	if code != 200 || len(st.logs) != 3 {
		t.Fatalf("status %d, %d rows", code, len(st.logs))
	}
	for i, want := range []struct {
		body   string
		marked bool
	}{{"half \uFFFD of it", true}, {"whole 😀 \uFFFD", false}, {"fine", true}} {
		if l := st.logs[i]; l.Body != want.body || l.Flags&telemetry.Repaired != 0 != want.marked {
			t.Errorf("row %d: %q, flags %b", i, l.Body, l.Flags)
		}
	}
	if v, _ := telemetry.Get(st.logs[2].Attrs, "k"); v != "\uFFFD" {
		t.Errorf("the attribute is %q", v)
	}
	if r := s.Refusals(); len(r) != 1 || r[0].Reason != InvalidUTF8 || r[0].Count != 2 {
		t.Errorf("refusals %+v", r)
	}
}
