package code

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// What a snapshot holds at most. A variable for tests.
var bounds = struct{ files, file, whole int64 }{files: 60_000, file: 512 << 10, whole: 400 << 20}

// keptSnapshots is how many commits of a repository are kept.
const keptSnapshots = 3

// snapshot is the source of a commit, an archive on disk. It implements locate.Tree.
type snapshot struct {
	zip     *zip.ReadCloser
	paths   []string
	at      map[string]*zip.File
	skipped int // files that are not in it: too large, not text, of others
}

func (s *snapshot) Paths() []string { return s.paths }

func (s *snapshot) Read(p string) (string, bool) {
	f, ok := s.at[p]
	if !ok {
		return "", false
	}
	in, err := f.Open()
	if err != nil {
		return "", false
	}
	defer func() { _ = in.Close() }()
	raw, err := io.ReadAll(io.LimitReader(in, bounds.file+1))
	return string(raw), err == nil
}

func (s *snapshot) Close() error { return s.zip.Close() }

func archiveOf(folder, commit string) string { return filepath.Join(folder, commit+".zip") }

// openSnapshot opens the archive of a commit, which take makes first where there is none.
func openSnapshot(ctx context.Context, folder, commit string, from source, now time.Time) (*snapshot, error) {
	file := archiveOf(folder, commit)
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		if err := take(ctx, file, commit, from); err != nil {
			return nil, err
		}
	} else if err == nil {
		_ = os.Chtimes(file, now, now) // tidy keeps what was used last; without it, what was taken last
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		_ = os.Remove(file) // half written by a crash of the machine: it is taken again
		return nil, err
	}
	s := &snapshot{zip: z, at: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		s.paths = append(s.paths, f.Name)
		s.at[f.Name] = f
	}
	slices.Sort(s.paths)
	if _, err := fmt.Sscanf(z.Comment, "skipped %d", &s.skipped); err != nil {
		s.skipped = 0 // by an older version
	}
	return s, nil
}

// take writes the archive of a commit, whole or not at all.
func take(ctx context.Context, file, commit string, from source) (err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(file), "taking-*")
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, out.Close())
		if err == nil {
			err = os.Rename(out.Name(), file)
		}
		if err != nil {
			_ = os.Remove(out.Name())
		}
	}()
	w := zip.NewWriter(out)
	var n, size int64
	skipped := 0
	buf := make([]byte, bounds.file+1)
	if err := from.archive(ctx, commit, func(p string, declared int64, in io.Reader) error {
		if !wanted(p) || declared > bounds.file {
			skipped++
			return nil
		}
		got, err := io.ReadFull(in, buf)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return err
		}
		if text := buf[:got]; int64(got) > bounds.file || !isText(text) {
			skipped++
			return nil
		}
		if n++; n > bounds.files {
			return fault.New(fault.TooLarge, i18n.F("The repository has more than %d files of text. Give the service a folder of a smaller repository.", "リポジトリのテキストファイルが %d 件を超えています。", bounds.files))
		}
		if size += int64(got); size > bounds.whole {
			return fault.New(fault.TooLarge, i18n.F("The repository has more than %d MB of text.", "リポジトリのテキストが %d MB を超えています。", bounds.whole>>20))
		}
		f, err := w.Create(p)
		if err != nil {
			return err
		}
		_, err = f.Write(buf[:got])
		return err
	}); err != nil {
		return err
	}
	if err := w.SetComment(fmt.Sprintf("skipped %d", skipped)); err != nil {
		return err
	}
	return w.Close()
}

// tidy deletes all but the newest archives of a repository.
func tidy(folder string) error {
	all, err := filepath.Glob(filepath.Join(folder, "*.zip"))
	if err != nil || len(all) <= keptSnapshots {
		return err
	}
	used := func(f string) int64 {
		st, err := os.Stat(f)
		if err != nil {
			return 0
		}
		return st.ModTime().UnixNano()
	}
	slices.SortFunc(all, func(a, b string) int { return int(min(max(used(b)-used(a), -1), 1)) })
	for _, f := range all[keptSnapshots:] {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}

// wanted leaves out what is others' or made by a tool.
func wanted(p string) bool {
	if p != path.Clean(p) || path.IsAbs(p) || strings.HasPrefix(p, "../") || strings.Contains(p, `\`) {
		return false // an archive may name anything
	}
	for dir := range strings.SplitSeq(path.Dir(p), "/") {
		switch dir {
		case "vendor", "node_modules", "third_party", ".git", "dist", "target", "__pycache__", ".venv":
			return false
		}
	}
	base := path.Base(p)
	for _, suffix := range []string{".min.js", ".min.css", ".map", ".lock", ".sum", ".svg", ".snap", "-lock.json", ".pb.go"} {
		if strings.HasSuffix(base, suffix) {
			return false
		}
	}
	return true
}

func isText(b []byte) bool {
	head := b[:min(len(b), 8000)]
	return bytes.IndexByte(head, 0) < 0 && (utf8.Valid(b) || utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]))
}
