package fault

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/i18n"
)

func TestOfFindsTheFaultInAChain(t *testing.T) {
	f := Field("filter", i18n.T("broken", "壊れています"))
	wrapped := fmt.Errorf("search: %w", f)
	if Of(wrapped) != f || !Is(wrapped, Invalid) {
		t.Fatal("the fault in the chain was not found")
	}
	if Of(nil) != nil || Is(nil, Internal) {
		t.Fatal("no error is no fault")
	}
}

func TestAnUnknownErrorIsInternalAndKeepsItsCauseForTheLogOnly(t *testing.T) {
	f := Of(io.ErrUnexpectedEOF)
	if f.Code != Internal || !errors.Is(f, io.ErrUnexpectedEOF) {
		t.Fatalf("got %v", f)
	}
	for _, text := range []string{f.Text.En, f.Text.Ja} {
		if text == "" || text == io.ErrUnexpectedEOF.Error() {
			t.Errorf("the reader sees %q", text)
		}
	}
}

func TestRetrySaysWhen(t *testing.T) {
	f := Retry(Unavailable, 3*time.Second, i18n.T("full", "満杯です"))
	if f.RetryAfter != 3*time.Second || f.Error() != "unavailable: full" {
		t.Errorf("got %v after %s", f, f.RetryAfter)
	}
}

type hollow struct{ error }

func TestCauseThatPanics(t *testing.T) {
	f := Wrap(hollow{}, Invalid, i18n.T("Wrong.", "違います。"))
	if s := f.Error(); !strings.HasPrefix(s, "invalid: Wrong.: ") {
		t.Error(s)
	}
}
