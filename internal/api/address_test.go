package api

import (
	"strings"
	"testing"
)

// An address that cannot be taken as it is, is refused for what is wrong with it.
func TestAddresses(t *testing.T) {
	h := newHarness(t, Options{})
	for target, want := range map[string]string{
		"/api/v1/echo?limit=1;env=x":   "semicolon",
		"/api/v1/echo?limit=1&x=a%00b": "NUL",
		"/api/v1/ec%00ho":              "NUL",
		"/api/v1/echo?x=%zz":           "%25",
		"/api/v1/echo?x=100%":          "%25",
		"/api/v1/echo?x=%ff":           "UTF-8",
		"/api/v1/ec%ffho":              "UTF-8",
	} {
		w := h.call("GET", target, "")
		if p := problem(t, w); w.Code < 400 || w.Code >= 500 || !strings.Contains(p.Detail, want) {
			t.Errorf("%s: %d %q", target, w.Code, p.Detail)
		}
	}
	if w := h.call("GET", "/api/v1/echo?limit=1", ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
