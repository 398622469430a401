package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Freeze makes dir a folder as the embedded engine's is at this moment: what it has stored
// and no more, by hard links, so that it takes next to no time and no room. root is the
// engine's folder, and dir on the same file system. It gives what is in it: rows by signal.
//
// Nothing may be written meanwhile, or a row may be in one table and its figures not in
// another. Merges and rebuildings may go on: a part is never changed once it is there, and
// one that a merge has replaced stays on the disk for a while; a rebuilding that is under
// way begins its hour again.
//
// A mutation that is not finished is left out, as if it had not been asked for: the upkeep
// and rebuildings ask again.
func (s *Store) Freeze(ctx context.Context, root, dir string) (rows map[string]int64, err error) {
	if s.opt.Cluster != "" || s.opt.Dial == nil {
		return nil, errors.New("only the embedded engine can be frozen")
	}
	// What a merge has replaced stays for a minute and more, but a day that is dropped does
	// not: then all is taken once more.
	for try := 1; ; try++ {
		err := s.freeze(ctx, root, dir)
		if err == nil {
			break
		}
		if try == 3 || !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
	return s.RowCounts(ctx)
}

func (s *Store) freeze(ctx context.Context, root, dir string) error {
	if err := s.freezeSchema(ctx, root, dir); err != nil {
		return s.explain(ctx, fmt.Errorf("freeze the schema: %w", err))
	}
	// First how far the rebuildings are: an hour that is done twice is right, one that is
	// left out is not.
	for _, which := range []string{"table = 'rebuilds'", "table != 'rebuilds'"} {
		if err := s.freezeParts(ctx, root, dir, which); err != nil {
			return s.explain(ctx, fmt.Errorf("freeze the tables: %w", err))
		}
	}
	return nil
}

// freezeSchema copies the definitions of the database and its tables.
func (s *Store) freezeSchema(ctx context.Context, root, dir string) error {
	name := s.opt.Database + ".sql"
	if err := copyInto(filepath.Join(root, "metadata", name), filepath.Join(dir, "metadata", name)); err != nil {
		return err
	}
	// The name leads to the folder with the tables' definitions, store/xxx/<uuid>.
	tables, err := filepath.EvalSymlinks(filepath.Join(root, "metadata", s.opt.Database))
	if err != nil {
		return err
	}
	full, err := filepath.EvalSymlinks(root)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(full, tables)
	if err != nil || !filepath.IsLocal(rel) {
		return fmt.Errorf("the tables are defined in %s, which is not in %s", tables, full)
	}
	files, err := filepath.Glob(filepath.Join(tables, "*.sql"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := copyInto(f, filepath.Join(dir, rel, filepath.Base(f))); err != nil {
			return err
		}
	}
	// What says how a table's folder is laid out; without it the engine takes it for new.
	return s.each(ctx, "SELECT arrayJoin(data_paths) FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree'", func(path string) error {
		return s.within(root, path, func(rel string) error {
			return copyInto(filepath.Join(path, "format_version.txt"), filepath.Join(dir, rel, "format_version.txt"))
		})
	})
}

func (s *Store) freezeParts(ctx context.Context, root, dir, which string) error {
	return s.each(ctx, "SELECT path FROM system.parts WHERE active AND database = {database:String} AND "+which, func(path string) error {
		return s.within(root, path, func(rel string) error { return linkTree(path, filepath.Join(dir, rel)) })
	})
}

// each calls f with the texts that a question about our database answers with.
func (s *Store) each(ctx context.Context, question string, f func(string) error) error {
	var all []string
	q := &statement{}
	q.text(strings.ReplaceAll(question, "{database:String}", q.str(s.opt.Database)))
	// All of them at once: the answer is of one moment, and the next is another.
	if err := s.answer(ctx, q, func(r driver.Rows) error {
		var one string
		err := r.Scan(&one)
		all = append(all, one)
		return err
	}); err != nil {
		return err
	}
	for _, one := range all {
		if err := errors.Join(ctx.Err(), f(one)); err != nil {
			return err
		}
	}
	return nil
}

// within gives where a path is under root.
func (s *Store) within(root, path string, f func(rel string) error) error {
	rel, err := filepath.Rel(root, filepath.Clean(path))
	if err != nil || !filepath.IsLocal(rel) {
		return fmt.Errorf("the engine keeps %s outside its folder %s", path, root)
	}
	return f(rel)
}

// linkTree makes to a folder with the same files as from.
func linkTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		return os.Link(path, filepath.Join(to, rel))
	})
}

// copyInto copies a small file.
func copyInto(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

// RowCounts are the rows that are stored, by signal.
func (s *Store) RowCounts(ctx context.Context) (map[string]int64, error) {
	rows := map[string]int64{}
	for _, signal := range []string{"logs", "spans"} {
		var n uint64
		if err := s.admin.QueryRow(upkeep(ctx), "SELECT count() FROM "+(ddl{s.opt.Database, s.opt.Cluster}).Table(signal)).Scan(&n); err != nil {
			return nil, s.explain(ctx, fmt.Errorf("count the %s: %w", signal, err))
		}
		rows[signal] = int64(n)
	}
	return rows, nil
}

// Version is the engine's own.
func (s *Store) Version(ctx context.Context) (v string, err error) {
	err = s.admin.QueryRow(ctx, "SELECT version()").Scan(&v)
	return v, s.explain(ctx, err)
}
