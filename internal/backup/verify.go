package backup

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// Verify begins to read a backup back and compare it with its checksums, and returns at
// once; List says how far it is and how it ended. One at a time, and not while one is made.
func (s *Service) Verify(name string) (State, error) {
	if !strings.HasPrefix(name, prefix) || filepath.Base(name) != name || strings.HasSuffix(name, partial) {
		return State{}, notThere(name)
	}
	if s.beingMade(name) {
		return State{}, fault.New(fault.Conflict, i18n.F("The backup %s is still being made. It can be checked when it is done.", "バックアップ %s は作成中です。完了後に検証してください。", name))
	}
	all, err := s.List()
	if err != nil {
		return State{}, err
	}
	for _, st := range all {
		if st.Name != name || !s.lies(st.Path) {
			continue
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.busy() {
			return State{}, fault.New(fault.Conflict, i18n.T("A backup is being made or checked. Wait until that is done.", "別のバックアップを作成または検証中です。完了を待ってください。"))
		}
		ctx, cancel := context.WithCancelCause(s.ctx)
		s.cancel = cancel
		st.Phase, st.Bytes = Verifying, 0
		s.checked = &st
		s.work.Go(func() { s.verify(ctx, &st) })
		return st.clone(), nil
	}
	return State{}, notThere(name)
}

func (s *Service) beingMade(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now != nil && s.now.Name == name && s.now.Finished.IsZero()
}

func notThere(name string) error {
	return fault.New(fault.NotFound, i18n.F("There is no backup %q.", "バックアップ %q はありません。", name))
}

func (s *Service) verify(ctx context.Context, st *State) {
	err := func() error {
		o, err := Open(st.Path)
		if err != nil {
			return err
		}
		defer func() { _ = o.Close() }()
		s.set(func() { st.Total = o.Bytes })
		return o.each(ctx, func(_ File, r io.Reader) error {
			_, err := io.Copy(io.Discard, &progress{r, func(n int64) { s.set(func() { st.Bytes += n }) }})
			return err
		})
	}()
	v := Verified{At: s.opt.Clock.Now().UTC()}
	if err != nil {
		v.Error = why(err)
	}
	if ctx.Err() == nil { // one that was cancelled says nothing of the backup
		if e := writeVerified(st.Path, v); e != nil {
			s.opt.Log.Warn("that a backup was checked could not be noted", "backup", st.Name, "error", e)
		}
		if err != nil {
			s.opt.Log.Error("a backup is damaged", "backup", st.Name, "error", err)
			if s.opt.Tell != nil {
				s.opt.Tell(st.Name, st.By, v.Error)
			}
		}
	}
	s.set(func() { s.checked = nil })
}

// Cancel ends the making or checking of a backup.
func (s *Service) Cancel(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil && s.now.Name == name && s.now.Finished.IsZero() || s.checked != nil && s.checked.Name == name {
		s.cancel(errCancelled)
		return nil
	}
	return fault.New(fault.Conflict, i18n.F("%s is not being made or checked any more.", "%s の作成・検証はすでに終了しています。", name))
}

var errCancelled = fault.New(fault.Conflict, i18n.T("It was cancelled.", "キャンセルされました。"))
