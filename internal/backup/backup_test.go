package backup

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// newService makes backups of two small stores.
func newService(t *testing.T, freeze func() error) *Service {
	t.Helper()
	dir := t.TempDir()
	store := func(name, into string, files map[string]string) Source {
		return Source{Name: name, Stage: filepath.Join(dir, name+".stage"), Into: into,
			Freeze: func(_ context.Context, stage string) (map[string]int64, error) {
				for path, text := range files {
					path = filepath.Join(stage, path)
					if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
						return nil, err
					}
				}
				return map[string]int64{name + "_rows": int64(len(files))}, freeze()
			}}
	}
	s := New(Options{
		Folder: filepath.Join(dir, "backups"), Version: "1.2.3", Clock: clock.Real{},
		Engine: func(context.Context) (string, error) { return "26.7", nil },
		Settle: func(context.Context) error { return nil },
		Sources: []Source{
			store("engine", "engine/clickhouse", map[string]string{"store/a/b.bin": strings.Repeat("行", 1000), "metadata/x.sql": "ATTACH", "empty": ""}),
			store("state", "", map[string]string{"state.db": "rows"}),
			{Name: "metrics", Elsewhere: i18n.T("elsewhere", "外部")},
		},
	})
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func await(t *testing.T, s *Service) State {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		all, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		if len(all) > 0 && !all[0].Finished.IsZero() {
			return all[0]
		}
	}
	t.Fatal("the backup does not end")
	return State{}
}

func made(t *testing.T) State {
	t.Helper()
	s := newService(t, func() error { return nil })
	if _, err := s.Start(ByPerson); err != nil {
		t.Fatal(err)
	}
	st := await(t, s)
	if st.Phase != Done || st.Err != nil || st.Files != 4 || st.Bytes != st.Total || st.Rows["engine_rows"] != 3 || len(st.Missing) != 1 {
		t.Fatalf("%+v", st)
	}
	for _, from := range s.opt.Sources {
		if _, err := os.Stat(from.Stage); err == nil && from.Stage != "" {
			t.Errorf("%s is left behind", from.Stage)
		}
	}
	return st
}

func open(t *testing.T, path string) *Opened {
	t.Helper()
	o, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func TestThereAndBack(t *testing.T) {
	st := made(t)
	if out, err := exec.Command("sh", "-c", "cd "+st.Path+" && sha256sum -c --strict files.sha256").CombinedOutput(); err != nil {
		t.Errorf("sha256sum does not agree: %s", out)
	}
	pack := filepath.Join(t.TempDir(), "x.tar")
	if err := open(t, st.Path).Pack(t.Context(), pack, func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if err := open(t, st.Path).Pack(t.Context(), pack, func(int64) {}); !fault.Is(err, fault.Conflict) {
		t.Errorf("over a file that is there: %v", err)
	}
	for _, path := range []string{st.Path, pack} {
		o := open(t, path)
		if o.Yagura != "1.2.3" || o.Engine != "26.7" || len(o.Elsewhere) != 1 || o.Rows["state_rows"] != 1 {
			t.Errorf("%+v", o.Manifest)
		}
		dir, told := t.TempDir(), int64(0)
		if err := os.WriteFile(filepath.Join(dir, "lock"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		checked := false
		err := o.Restore(t.Context(), dir, func(done int64) { told = done }, func(stage string) error {
			checked = true
			_, err := os.Stat(filepath.Join(stage, "state.db"))
			return err
		})
		if err != nil || !checked || told != o.Bytes {
			t.Fatal(err, checked, told)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "engine/clickhouse/store/a/b.bin")); err != nil || string(b) != strings.Repeat("行", 1000) {
			t.Error(len(b), err)
		}
		info, err := os.Stat(filepath.Join(dir, "state.db"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Error(info, err)
		}
		err = open(t, path).Restore(t.Context(), dir, func(int64) {}, func(string) error { return nil })
		if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "state.db (0.0 MB: users") || !strings.Contains(fault.Of(err).Text.Ja, "ログとスパン") {
			t.Errorf("over what is there: %v", err)
		}
	}
}

func TestNothingDamagedIsRestored(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string) error{
		"a changed file": func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "state.db"), []byte("rowz"), 0o600)
		},
		"a longer file": func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, "state.db"), []byte("rows and more"), 0o600)
		},
		"a missing file": func(_ *testing.T, dir string) error { return os.Remove(filepath.Join(dir, "state.db")) },
		"a link instead": func(_ *testing.T, dir string) error {
			path := filepath.Join(dir, "state.db")
			return errors.Join(os.Rename(path, path+"2"), os.Symlink(path+"2", path))
		},
		"a name that leads out": func(_ *testing.T, dir string) error {
			b, err := os.ReadFile(filepath.Join(dir, listName))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, listName), []byte(strings.Replace(string(b), "state.db", "../state.db", 1)), 0o600))
		},
		"a newer format": func(_ *testing.T, dir string) error {
			b, err := os.ReadFile(filepath.Join(dir, manifestName))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, manifestName), []byte(strings.Replace(string(b), `"format": 1`, `"format": 2`, 1)), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			st := made(t)
			if err := spoil(t, st.Path); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			o, err := Open(st.Path)
			if err == nil {
				err = o.Restore(t.Context(), dir, func(int64) {}, func(string) error { t.Error("it got as far as the check"); return nil })
			}
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%v", err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
	if _, err := parseList([]byte(strings.Repeat("0", 64) + "  ../x\n")); !fault.Is(err, fault.Invalid) {
		t.Errorf("a list with a name that leads out: %v", err)
	}
}

func TestFailedCheckLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	err := open(t, made(t).Path).Restore(t.Context(), dir, func(int64) {}, func(string) error { return Miscounted("logs", 1, 2) })
	if !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

func TestFailuresAndOneAtATime(t *testing.T) {
	release := make(chan error)
	s := newService(t, func() error { return <-release })
	if _, err := s.Start(ByPerson); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(ByPerson); !fault.Is(err, fault.Conflict) {
		t.Errorf("two at once: %v", err)
	}
	release <- errors.New("the disk is gone")
	if st := await(t, s); st.Phase != Failed || st.Err == nil {
		t.Errorf("%+v", st)
	}
	s.work.Wait() // it is told of before all of it is cleared
	left, err := os.ReadDir(s.opt.Folder)
	if err != nil || len(left) > 1 || len(left) == 1 && !strings.HasSuffix(left[0].Name(), failedSuffix) {
		t.Errorf("a failed backup left %v (%v)", left, err)
	}
	// The next is not held up by it, and what a killed process left goes.
	if err := os.Mkdir(filepath.Join(s.opt.Folder, prefix+"x"+partial), 0o700); err != nil {
		t.Fatal(err)
	}
	again := New(s.opt)
	if left, _ := filepath.Glob(filepath.Join(s.opt.Folder, "*"+partial)); len(left) > 0 {
		t.Errorf("%v is still there", left)
	}
	if _, err := again.Start(ByPerson); err != nil {
		t.Fatal(err)
	}
	release <- nil
	release <- nil
	if st := await(t, again); st.Phase != Done {
		t.Errorf("%+v", st)
	}
}
