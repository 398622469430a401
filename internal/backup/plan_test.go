package backup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

func TestPlan(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, tokyo)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct{ plan, now, due, next string }{
		{"daily 03:00", "2026-11-22 02:59", "2026-11-21 03:00", "2026-11-22 03:00"},
		{"daily 03:00", "2026-11-22 03:00", "2026-11-22 03:00", "2026-11-23 03:00"},
		{" Weekly  Sun 03:30 ", "2026-11-22 03:29", "2026-11-15 03:30", "2026-11-22 03:30"},
		{"weekly mon 00:00", "2026-11-22 12:00", "2026-11-16 00:00", "2026-11-23 00:00"},
	} {
		p, err := ParsePlan(c.plan, tokyo)
		if err != nil || !p.On {
			t.Fatal(p, err)
		}
		if due, next := p.Due(at(c.now).UTC()), p.Next(at(c.now).UTC()); !due.Equal(at(c.due)) || !next.Equal(at(c.next)) {
			t.Errorf("%+v: due %s, next %s", c, due, next)
		}
	}
	for _, bad := range []string{"hourly", "daily", "daily 24:00", "weekly 03:00", "weekly xyz 03:00", "daily 3:00"} {
		if _, err := ParsePlan(bad, tokyo); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "backup.schedule" {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if p, err := ParsePlan("", nil); err != nil || p.On || p.String() != "" {
		t.Error(p, err)
	}
}

// As many as are kept, and no person's goes.
func TestScheduledOnesAreKeptSoMany(t *testing.T) {
	s := newService(t, func() error { return nil })
	s.opt.Plan, _ = ParsePlan("daily 03:00", time.UTC)
	s.opt.Keep = 2
	c := clock.NewFake(time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC))
	s.opt.Clock = c
	if _, err := s.Start(ByPerson); err != nil {
		t.Fatal(err)
	}
	await(t, s)
	s.opt.Clock = &going{c}
	for range 4 {
		c.Advance(24 * time.Hour)
		for range 2 { // the second finds it made
			if err := s.runDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := s.List()
	if err != nil || len(all) != 3 || all[0].By != BySchedule || all[1].By != BySchedule || all[2].By != ByPerson {
		t.Fatalf("%+v %v", all, err)
	}
}

// going is a clock on which sleeping takes no time.
type going struct{ *clock.Fake }

func (g *going) Sleep(ctx context.Context, _ time.Duration) error {
	time.Sleep(time.Millisecond)
	return ctx.Err()
}

func TestVerify(t *testing.T) {
	s := newService(t, func() error { return nil })
	told := ""
	s.opt.Tell = func(name, _ string, why i18n.Text) { told = name + why.En }
	if _, err := s.Start(ByPerson); err != nil {
		t.Fatal(err)
	}
	st := await(t, s)
	check := func() State {
		t.Helper()
		if _, err := s.Verify(st.Name); err != nil {
			t.Fatal(err)
		}
		s.work.Wait()
		all, err := s.List()
		if err != nil || len(all) != 1 || all[0].Phase != Done || all[0].Verified == nil {
			t.Fatalf("%+v %v", all, err)
		}
		return all[0]
	}
	if v := check(); !v.Verified.Error.IsZero() || told != "" {
		t.Errorf("%+v", v.Verified)
	}
	if err := os.WriteFile(filepath.Join(st.Path, "state.db"), []byte("rowz"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := check(); v.Verified.Error.IsZero() || told == "" {
		t.Errorf("damage is not seen: %+v %q", v.Verified, told)
	}
	for _, name := range []string{"yagura-x", "../" + st.Name, "yagura-../x", ""} {
		if _, err := s.Verify(name); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelAndFailuresAreNoted(t *testing.T) {
	release := make(chan error)
	s := newService(t, func() error { return <-release })
	told := 0
	s.opt.Tell = func(string, string, i18n.Text) { told++ }
	st, err := s.Start(BySchedule)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Verify(st.Name); !fault.Is(err, fault.Conflict) {
		t.Errorf("one that is not made yet is checked: %v", err)
	}
	if err := s.Cancel(st.Name); err != nil {
		t.Fatal(err)
	}
	release <- errors.New("stopped")
	if st := await(t, s); st.Phase != Failed || !fault.Is(st.Err, fault.Conflict) || told != 0 {
		t.Errorf("%+v, told %d", st, told)
	}
	if err := s.Cancel(st.Name); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	// What failed is known after a restart, too.
	s.work.Wait()
	all, err := New(s.opt).List()
	if err != nil || len(all) != 1 || all[0].Phase != Failed || all[0].By != BySchedule || fault.Of(all[0].Err).Text.Ja != "キャンセルされました。" {
		t.Errorf("%+v %v", all, err)
	}
}
