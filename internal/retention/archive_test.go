package retention

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/retention/archive"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// archivedRows is what the room asks of the engine, whose own suite is with it.
type archivedRows struct {
	telemetry.Archiver
	pieces   []uint64 // rows
	late     telemetry.LateRows
	attached []telemetry.AttachedDay
	took     uint64
	broken   error
	did      []string
}

func (r *archivedRows) ArchiveColumns(context.Context, telemetry.Signal) ([]telemetry.ArchiveColumn, error) {
	return []telemetry.ArchiveColumn{{Name: "id", Type: "UInt64"}}, nil
}

func (r *archivedRows) ArchivePieces(_ context.Context, day string, _ telemetry.Signal, _ telemetry.Range) (p []telemetry.ArchivePiece, err error) {
	for i, n := range r.pieces {
		p = append(p, telemetry.ArchivePiece{From: int64(i), To: int64(i + 1), Rows: n})
	}
	return p, nil
}

// ArchivePiece writes a file that has the end of a Parquet file.
func (r *archivedRows) ArchivePiece(_ context.Context, _ string, _ telemetry.Signal, _ telemetry.Range, p telemetry.ArchivePiece, to io.Writer) error {
	if r.broken != nil {
		_, _ = io.WriteString(to, "PAR1 half of it")
		return r.broken
	}
	meta := binary.AppendUvarint([]byte{0x15, 4, 0x19, 0x0c, 0x16}, p.Rows*2)
	meta = append(meta, 0)
	b := append([]byte("PAR1 rows "), meta...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(meta)))
	_, err := to.Write(append(b, "PAR1"...))
	return err
}

func (r *archivedRows) Late(_ context.Context, _ string, _ telemetry.Signal, since time.Time) (telemetry.LateRows, error) {
	if since.IsZero() {
		n := r.late.Rows
		for _, p := range r.pieces {
			n += p
		}
		return telemetry.LateRows{Rows: n}, nil
	}
	return r.late, nil
}

func (r *archivedRows) BeginAttach(_ context.Context, day string, signal telemetry.Signal, until time.Time) error {
	r.took = 0
	r.attached = []telemetry.AttachedDay{{Day: day, Signal: signal, State: telemetry.Attaching, Until: until}}
	return nil
}

func (r *archivedRows) AttachPiece(_ context.Context, _ telemetry.Signal, _ []telemetry.ArchiveColumn, from io.Reader) error {
	b, err := io.ReadAll(from)
	if err == nil && !bytes.HasSuffix(b, []byte("PAR1")) {
		err = errors.New("no Parquet")
	}
	r.took++
	return err
}

func (r *archivedRows) FinishAttach(_ context.Context, _ string, _ telemetry.Signal, want uint64, _ time.Time) (uint64, error) {
	r.attached[0].State, r.attached[0].Rows = telemetry.Attached, want
	return want, nil
}

func (r *archivedRows) ExtendAttach(_ context.Context, _ string, _ telemetry.Signal, until time.Time) error {
	r.attached[0].Until = until
	return nil
}

func (r *archivedRows) Detach(_ context.Context, day string, signal telemetry.Signal) error {
	r.attached = nil
	r.did = append(r.did, "detach "+signal.String()+" "+day)
	return nil
}

func (r *archivedRows) AttachedDays(context.Context) ([]telemetry.AttachedDay, error) {
	return r.attached, nil
}

func archivedDay(t *testing.T, s *Service, day string) ArchivedDay {
	t.Helper()
	days, err := s.Archived(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range days {
		if d.Day == day && d.Signal == telemetry.Logs {
			return d
		}
	}
	return ArchivedDay{}
}

func TestADayIsArchivedBeforeItGoes(t *testing.T) {
	onBoth(t, func(t *testing.T, s *Service, e *engine, c *clock.Fake, a *audit) {
		ctx := admin(t)
		dir := t.TempDir()
		s.Archive.Place = archive.Folder{Dir: dir}
		day := dayBefore(40)
		e.rows[day] = map[telemetry.Signal]map[telemetry.Origin]uint64{telemetry.Logs: {origin("shop"): 30}}
		r := &e.archived
		r.pieces, r.broken = []uint64{20, 10}, errors.New("the disk is gone")

		for range 3 { // what fails is tried again, and nothing goes
			if err := s.Enforce(ctx); err != nil {
				t.Fatal(err)
			}
			if err := s.RunArchive(ctx); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
				t.Fatal(err)
			}
		}
		if d := archivedDay(t, s, day); d.Wanted != wantArchive || d.Error.IsZero() || d.Generations != 0 || len(e.did) != 0 {
			t.Errorf("%+v %v", d, e.did)
		}
		if names, err := s.Archive.Place.List(ctx, ""); err != nil || len(names) != 0 {
			t.Errorf("half a file is left: %v %v", names, err)
		}
		r.broken = nil
		r.late.Rows = 1 // a row that has just come is waited for
		if err := s.RunArchive(ctx); err != nil || archivedDay(t, s, day).Generations != 0 {
			t.Fatal(err)
		}
		r.late.Rows = 0
		if err := s.RunArchive(ctx); err != nil {
			t.Fatal(err)
		}
		d := archivedDay(t, s, day)
		if d.Wanted != "" || !d.Error.IsZero() || d.Rows != 30 || d.Files != 2 || !d.VerifiedAt.Equal(now) {
			t.Errorf("%+v", d)
		}
		r.late.Rows = 2 // came after it: a second generation first
		if err := s.Enforce(ctx); err != nil || len(e.did) != 0 || archivedDay(t, s, day).Wanted != wantArchive {
			t.Fatal(err, e.did)
		}
		r.late.Rows = 0
		if err := s.RunArchive(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Enforce(ctx); err != nil || fmt.Sprint(e.did) != fmt.Sprintf("[drop logs %s]", day) {
			t.Fatal(err, e.did)
		}
		// Another database finds what is there.
		if err := s.DB.Write(ctx, func(tx *sqldb.Tx) error { _, err := tx.Exec("DELETE FROM retention_archive"); return err }); err != nil {
			t.Fatal(err)
		}
		if err := s.RunArchive(ctx); err != nil {
			t.Fatal(err)
		}
		if is := archivedDay(t, s, day); is.Rows != 30 || is.Bytes != d.Bytes || !is.ArchivedAt.Equal(d.ArchivedAt) {
			t.Errorf("%+v, was %+v", is, d)
		}
		// Back for two days, and for longer; then it goes by itself.
		for n := 2; n < 4; n++ {
			if err := s.Want(ctx, wantAttach, day, "", now.AddDate(0, 0, n)); err != nil {
				t.Fatal(err)
			}
			if err := s.RunArchive(ctx); err != nil {
				t.Fatal(err)
			}
			if d := archivedDay(t, s, day); d.Attached == nil || d.Attached.Rows != 30 || !d.Attached.Until.Equal(now.AddDate(0, 0, n)) || r.took != 2 {
				t.Errorf("%+v %+v %d files", d, d.Attached, r.took)
			}
		}
		e.rows[day] = map[telemetry.Signal]map[telemetry.Origin]uint64{telemetry.Logs: {origin("shop"): 30}}
		e.did = nil
		if err := s.Enforce(ctx); err != nil || len(e.did) != 0 {
			t.Errorf("an attached day was enforced: %v %v", err, e.did)
		}
		c.Advance(73 * time.Hour)
		if err := s.RunArchive(ctx); err != nil || len(r.attached) != 0 {
			t.Errorf("%v %+v", err, r.attached)
		}
		// A damaged file is named, what is half back is taken away, and it is not tried for ever.
		path := filepath.Join(dir, "logs", day, "1", "0002.parquet")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[6] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{wantVerify, wantAttach} {
			if err := s.Want(ctx, what, day, "logs", c.Now().AddDate(0, 0, 1)); err != nil {
				t.Fatal(err)
			}
			if err := s.RunArchive(ctx); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "0002.parquet") {
				t.Errorf("%s: %v", what, err)
			}
			if err := s.RunArchive(ctx); err != nil || len(r.attached) != 0 {
				t.Errorf("%s: %v %+v", what, err, r.attached)
			}
			if d := archivedDay(t, s, day); d.Wanted != "" || !strings.Contains(d.Error.In("ja"), "0002.parquet") {
				t.Errorf("%s: %+v", what, d)
			}
		}
		if err := s.Want(ctx, wantAttach, "2020-01-01", "", now); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		if err := s.Want(ctx, wantArchive, c.Now().Format(time.DateOnly), "", now); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if got := fmt.Sprint(a.actions); !strings.Contains(got, "archive.attach logs "+day) {
			t.Error(got)
		}
	})
}
