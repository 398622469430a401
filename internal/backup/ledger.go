package backup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// What is known of a backup and is no part of it lies beside it in the folder: that it was
// checked, and which could not be made. So it goes where the backups go, and a restored
// server knows it too.

const (
	verifiedName = "verified.json" // within a backup; not among its files
	failedSuffix = ".failed.json"  // in place of a backup
	failedKept   = 20
)

// Verified is the newest check of a backup: all of it was read back.
type Verified struct {
	At    time.Time
	Error i18n.Text // zero when every checksum was right
}

type verifiedFile struct {
	At time.Time `json:"at"`
	En string    `json:"error_en,omitempty"`
	Ja string    `json:"error_ja,omitempty"`
}

type failedFile struct {
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished"`
	By       string    `json:"by"`
	En       string    `json:"error_en"`
	Ja       string    `json:"error_ja"`
}

func readVerified(dir string) *Verified {
	var f verifiedFile
	if b, err := os.ReadFile(filepath.Join(dir, verifiedName)); err != nil || json.Unmarshal(b, &f) != nil {
		return nil
	}
	return &Verified{At: f.At, Error: i18n.T(f.En, f.Ja)}
}

func writeVerified(dir string, v Verified) error {
	return writeWhole(filepath.Join(dir, verifiedName), verifiedFile{v.At, v.Error.En, v.Error.Ja})
}

// writeWhole writes a small file at once or not at all.
func writeWhole(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+partial, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+partial, path)
}

// why is what a person who may see everything is told of an error.
func why(err error) i18n.Text {
	f := fault.Of(err)
	if f.Code == fault.Internal { // an administrator asks, and has to mend it
		return i18n.T(err.Error(), err.Error())
	}
	return f.Text
}

func (s *Service) noteFailure(st *State) {
	t := why(st.Err)
	err := writeWhole(st.Path+failedSuffix, failedFile{st.Started, st.Finished, st.By, t.En, t.Ja})
	if err != nil {
		s.opt.Log.Warn("that a backup failed could not be noted", "backup", st.Name, "error", err)
	}
	all, err := filepath.Glob(filepath.Join(s.opt.Folder, prefix+"*"+failedSuffix))
	if err != nil || len(all) <= failedKept {
		return
	}
	slices.Sort(all)
	for _, path := range all[:len(all)-failedKept] {
		s.clear(path)
	}
}

// failures are those that could not be made, as far as they are noted.
func (s *Service) failures() (all []State) {
	paths, err := filepath.Glob(filepath.Join(s.opt.Folder, prefix+"*"+failedSuffix))
	if err != nil {
		return nil
	}
	for _, path := range paths {
		var f failedFile
		if b, err := os.ReadFile(path); err != nil || json.Unmarshal(b, &f) != nil {
			continue
		}
		at := strings.TrimSuffix(path, failedSuffix)
		all = append(all, State{Name: filepath.Base(at), Path: at, Phase: Failed, Started: f.Started, Finished: f.Finished, By: f.By,
			Err: fault.New(fault.Unavailable, i18n.T(f.En, f.Ja))})
	}
	return all
}

// prune removes the oldest of the backups that the schedule made, so that keep of them are
// left. What people made is theirs to remove.
func (s *Service) prune(keep int) (removed []string, err error) {
	all, err := s.List()
	if err != nil || keep <= 0 {
		return nil, err
	}
	for _, st := range all { // newest first
		if st.Phase != Done || st.By != BySchedule {
			continue
		}
		if keep--; keep >= 0 {
			continue
		}
		// First under another name: what is half removed must not look whole.
		gone := st.Path + partial
		if err := os.Rename(st.Path, gone); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, err
		}
		if err := os.RemoveAll(gone); err != nil {
			return removed, err
		}
		removed = append(removed, st.Name)
	}
	return removed, nil
}
