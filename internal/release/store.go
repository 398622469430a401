package release

import (
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/id"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "release", Files: migrations}

// A record with what its telemetry says. A record has one life at most.
const selectRecords = `SELECT r.id, r.service, r.env, r.version, r.commit_sha, r.n, r.author, r.url, r.note, r.source, r.rollback,
	r.declared_at, r.seen_at, r.at, r.created_at, r.created_by, coalesce(l.last_at, 0), coalesce(l.ended_at, 0)
	FROM release_record r LEFT JOIN release_life l ON l.release_id = r.id `

func scanRelease(row sqldb.Row) (r Release, err error) {
	var declared, seen, at, created, last, ended int64
	err = row.Scan(&r.ID, &r.Service, &r.Env, &r.Version, &r.Commit, &r.N, &r.Author, &r.URL, &r.Note, &r.Source, &r.Rollback,
		&declared, &seen, &at, &created, &r.CreatedBy, &last, &ended)
	r.Declared, r.Seen, r.At, r.Created = sqldb.Time(declared), sqldb.Time(seen), sqldb.Time(at), sqldb.Time(created)
	r.Last, r.Ended = sqldb.Time(last), sqldb.Time(ended)
	return r, err
}

func insertRelease(tx *sqldb.Tx, r Release) error {
	_, err := tx.Exec(`INSERT INTO release_record (id, service, env, version, commit_sha, n, author, url, note, source, rollback, declared_at, seen_at, at, created_at, created_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		r.ID, r.Service, r.Env, r.Version, r.Commit, r.N, r.Author, r.URL, r.Note, string(r.Source), r.Rollback,
		sqldb.Nanos(r.Declared), sqldb.Nanos(r.Seen), sqldb.Nanos(r.At), sqldb.Nanos(r.Created), r.CreatedBy)
	return err
}

func updateRelease(tx *sqldb.Tx, r Release) error {
	_, err := tx.Exec(`UPDATE release_record SET env = $2, commit_sha = $3, n = $4, author = $5, url = $6, note = $7, source = $8, rollback = $9,
		declared_at = $10, seen_at = $11, at = $12 WHERE id = $1`,
		r.ID, r.Env, r.Commit, r.N, r.Author, r.URL, r.Note, string(r.Source), r.Rollback,
		sqldb.Nanos(r.Declared), sqldb.Nanos(r.Seen), sqldb.Nanos(r.At))
	return err
}

func deleteRelease(tx *sqldb.Tx, id string) error {
	if _, err := tx.Exec(`UPDATE release_life SET release_id = $2 WHERE release_id = $1`, id, removed); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM release_record WHERE id = $1`, id)
	return err
}

func releaseByID(tx *sqldb.Tx, id string) (Release, error) {
	r, err := scanRelease(tx.QueryRow(selectRecords+`WHERE r.id = $1`, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, fault.New(fault.NotFound, i18n.T("There is no such release.", "リリースが見つかりません。"))
	}
	return r, err
}

// releasesOf reads the newest records of a service in an environment, newest first.
func releasesOf(tx *sqldb.Tx, p place, limit int) ([]Release, error) {
	return sqldb.Collect(tx, scanRelease, selectRecords+`WHERE r.service = $1 AND r.env = $2 ORDER BY r.at DESC, r.created_at DESC LIMIT $3`, p.service, p.env, limit)
}

// neighbour is the next record of the same service and environment, or the one before;
// the zero record when there is none.
func neighbour(tx *sqldb.Tx, r Release, next bool) (Release, error) {
	cond, order := `r.at < $3`, `DESC`
	if next {
		cond, order = `r.at > $3`, `ASC`
	}
	n, err := scanRelease(tx.QueryRow(selectRecords+`WHERE r.service = $1 AND r.env = $2 AND `+cond+` ORDER BY r.at `+order+` LIMIT 1`, r.Service, r.Env, sqldb.Nanos(r.At)))
	if errors.Is(err, sqldb.ErrNoRows) {
		return Release{}, nil
	}
	return n, err
}

// Cursor is a place in the list of records.
type Cursor struct {
	At int64  `json:"t"`
	ID string `json:"i"`
}

// listReleases reads a page, newest first, and whether more follow.
func listReleases(tx *sqldb.Tx, q Query) ([]Release, bool, error) {
	args := []any{sqldb.Nanos(q.From), sqldb.Nanos(q.To)}
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	where := []string{"r.at >= $1", "r.at < $2"}
	if q.Service != "" {
		where = append(where, "r.service = "+arg(q.Service))
	}
	if q.Services != nil {
		in := make([]string, len(q.Services))
		for i, service := range q.Services {
			in[i] = arg(service)
		}
		if len(in) == 0 {
			return nil, false, nil
		}
		where = append(where, "r.service IN ("+strings.Join(in, ", ")+")")
	}
	if q.Env != nil {
		where = append(where, "r.env = "+arg(*q.Env))
	}
	if q.Version != "" {
		where = append(where, "r.version = "+arg(q.Version))
	}
	if q.After != (Cursor{}) {
		// Ids are of digits and lower-case letters, which both databases order alike.
		at, id := arg(q.After.At), arg(q.After.ID)
		where = append(where, "(r.at < "+at+" OR r.at = "+at+" AND r.id < "+id+")")
	}
	all, err := sqldb.Collect(tx, scanRelease, selectRecords+`WHERE `+strings.Join(where, " AND ")+` ORDER BY r.at DESC, r.id DESC LIMIT `+arg(q.Limit+1), args...)
	if err != nil || len(all) <= q.Limit {
		return all, false, err
	}
	return all[:q.Limit], true, nil
}

const lifeColumns = "id, version, since_at, last_at, ended_at, release_id"

func scanLife(row sqldb.Row) (l life, err error) {
	var since, last, ended int64
	err = row.Scan(&l.id, &l.version, &since, &last, &ended, &l.release)
	l.since, l.last, l.ended = sqldb.Time(since), sqldb.Time(last), sqldb.Time(ended)
	return l, err
}

func livesOf(tx *sqldb.Tx, p place) ([]life, error) {
	return sqldb.Collect(tx, scanLife, `SELECT `+lifeColumns+` FROM release_life WHERE service = $1 AND env = $2 ORDER BY since_at`, p.service, p.env)
}

func allLives(tx *sqldb.Tx) (map[place][]life, error) {
	all := map[place][]life{}
	err := tx.Each(func(r sqldb.Row) error {
		var p place
		var l life
		var since, last, ended int64
		err := r.Scan(&p.service, &p.env, &l.id, &l.version, &since, &last, &ended, &l.release)
		l.since, l.last, l.ended = sqldb.Time(since), sqldb.Time(last), sqldb.Time(ended)
		all[p] = append(all[p], l)
		return err
	}, `SELECT service, env, `+lifeColumns+` FROM release_life ORDER BY since_at`)
	return all, err
}

// environmentsOf are those that a service sent telemetry from.
func environmentsOf(tx *sqldb.Tx, service string) ([]string, error) {
	return sqldb.Collect(tx, func(r sqldb.Row) (env string, err error) { return env, r.Scan(&env) },
		`SELECT DISTINCT env FROM release_life WHERE service = $1`, service)
}

// saveLives writes the lives of a place as they are now; was is how they were read.
func saveLives(tx *sqldb.Tx, p place, was, is []life) error {
	old := map[string]life{}
	for _, l := range was {
		old[l.id] = l
	}
	for i := range is {
		l := &is[i]
		if l.id == "" {
			l.id = id.New()
		}
		before, there := old[l.id]
		delete(old, l.id)
		if there && before == *l {
			continue
		}
		if _, err := tx.Exec(`INSERT INTO release_life (service, env, `+lifeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE SET since_at = excluded.since_at, last_at = excluded.last_at, ended_at = excluded.ended_at, release_id = excluded.release_id`,
			p.service, p.env, l.id, l.version, sqldb.Nanos(l.since), sqldb.Nanos(l.last), sqldb.Nanos(l.ended), l.release); err != nil {
			return err
		}
	}
	for gone := range old {
		if _, err := tx.Exec(`DELETE FROM release_life WHERE id = $1`, gone); err != nil {
			return err
		}
	}
	return nil
}

// linkLife says that a life is of a record.
func linkLife(tx *sqldb.Tx, lifeID, releaseID string) error {
	_, err := tx.Exec(`UPDATE release_life SET release_id = $2 WHERE id = $1`, lifeID, releaseID)
	return err
}

func watched(tx *sqldb.Tx) (looked, wide time.Time, err error) {
	var l, w int64
	err = tx.QueryRow(`SELECT looked_at, wide_at FROM release_watch WHERE one = 1`).Scan(&l, &w)
	if errors.Is(err, sqldb.ErrNoRows) {
		err = nil
	}
	return sqldb.Time(l), sqldb.Time(w), err
}

func setWatched(tx *sqldb.Tx, looked, wide time.Time) error {
	_, err := tx.Exec(`INSERT INTO release_watch (one, looked_at, wide_at) VALUES (1, $1, $2)
		ON CONFLICT (one) DO UPDATE SET looked_at = excluded.looked_at, wide_at = excluded.wide_at`, sqldb.Nanos(looked), sqldb.Nanos(wide))
	return err
}

const hookColumns = "id, repo, service, env, tag_prefix, events, secret, created_at, last_at, last_event"

func scanHook(r sqldb.Row) (h Hook, err error) {
	var events string
	var created, last int64
	err = r.Scan(&h.ID, &h.Repo, &h.Service, &h.Env, &h.TagPrefix, &events, &h.Secret, &created, &last, &h.LastEvent)
	h.Events, h.Created, h.LastAt = strings.Split(events, ","), sqldb.Time(created), sqldb.Time(last)
	return h, err
}

func listHooks(tx *sqldb.Tx) ([]Hook, error) {
	return sqldb.Collect(tx, scanHook, `SELECT `+hookColumns+` FROM release_hook ORDER BY created_at, id`)
}

func hooksOf(tx *sqldb.Tx, repo string) ([]Hook, error) {
	return sqldb.Collect(tx, scanHook, `SELECT `+hookColumns+` FROM release_hook WHERE repo_key = $1 ORDER BY created_at, id`, strings.ToLower(repo))
}

// repoOf is the repository whose webhook tells of a service; "" when none does, or several.
func repoOf(tx *sqldb.Tx, r Release) (string, error) {
	repos, err := sqldb.Collect(tx, func(r sqldb.Row) (repo string, err error) { return repo, r.Scan(&repo) },
		`SELECT DISTINCT repo FROM release_hook WHERE service = $1`, r.Service)
	if err != nil || len(repos) != 1 {
		return "", err
	}
	return repos[0], nil
}

func hookByID(tx *sqldb.Tx, id string) (Hook, error) {
	h, err := scanHook(tx.QueryRow(`SELECT `+hookColumns+` FROM release_hook WHERE id = $1`, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return h, fault.New(fault.NotFound, i18n.T("There is no such webhook.", "Webhook の設定が見つかりません。"))
	}
	return h, err
}

func putHook(tx *sqldb.Tx, h Hook) error {
	_, err := tx.Exec(`INSERT INTO release_hook (repo_key, `+hookColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET repo_key = excluded.repo_key, repo = excluded.repo, service = excluded.service, env = excluded.env,
			tag_prefix = excluded.tag_prefix, events = excluded.events, secret = excluded.secret`,
		strings.ToLower(h.Repo), h.ID, h.Repo, h.Service, h.Env, h.TagPrefix, strings.Join(h.Events, ","), h.Secret, sqldb.Nanos(h.Created), sqldb.Nanos(h.LastAt), h.LastEvent)
	if sqldb.IsUnique(err) {
		return fault.Wrap(err, fault.Conflict, i18n.T(
			"This repository is mapped to this service, environment and tag prefix already.", "このリポジトリは、同じサービス・環境・タグ接頭辞の組み合わせですでに登録されています。"))
	}
	return err
}

func deleteHook(tx *sqldb.Tx, id string) error {
	_, err := tx.Exec(`DELETE FROM release_hook WHERE id = $1`, id)
	return err
}

func touchHook(tx *sqldb.Tx, id string, at time.Time, event string) error {
	_, err := tx.Exec(`UPDATE release_hook SET last_at = $2, last_event = $3 WHERE id = $1`, id, sqldb.Nanos(at), event)
	return err
}

// commitOf reads the newest commit that is recorded for a version.
func commitOf(tx *sqldb.Tx, service, env, version string) (commit string, err error) {
	err = tx.QueryRow(`SELECT commit_sha FROM release_record WHERE service = $1 AND version = $2 AND commit_sha <> '' AND ($3 = '' OR env = $3)
		ORDER BY at DESC LIMIT 1`, service, version, env).Scan(&commit)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", nil
	}
	return commit, err
}
