package timeline

import (
	"embed"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "timeline", Files: migrations}

const columns = "kind, ref, at, until_at, env, service, team, title_en, title_ja, link"

func scan(r sqldb.Row) (e Event, err error) {
	var at, until int64
	err = r.Scan(&e.Kind, &e.Ref, &at, &until, &e.Env, &e.Service, &e.Team, &e.Title.En, &e.Title.Ja, &e.Link)
	e.At = sqldb.Time(at)
	switch until {
	case at:
	case math.MaxInt64:
		e.Open = true
	default:
		e.Until = sqldb.Time(until)
	}
	return e, err
}

// Put writes an event, or replaces the one of its kind and ref, within the transaction of
// the change that it tells of.
func Put(tx *sqldb.Tx, e Event) error {
	if err := e.Validate(); err != nil {
		return err
	}
	at := sqldb.Nanos(e.At)
	until := at
	switch {
	case e.Open:
		until = math.MaxInt64
	case !e.Until.IsZero():
		until = sqldb.Nanos(e.Until)
	}
	_, err := tx.Exec(`INSERT INTO timeline_event (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (kind, ref) DO UPDATE SET at = excluded.at, until_at = excluded.until_at, env = excluded.env, service = excluded.service,
			team = excluded.team, title_en = excluded.title_en, title_ja = excluded.title_ja, link = excluded.link`,
		string(e.Kind), e.Ref, at, until, e.Env, e.Service, e.Team, e.Title.En, e.Title.Ja, e.Link)
	return err
}

// Remove takes an event out; one that is not there is none.
func Remove(tx *sqldb.Tx, kind Kind, ref string) error {
	_, err := tx.Exec(`DELETE FROM timeline_event WHERE kind = $1 AND ref = $2`, string(kind), ref)
	return err
}

// list reads a page and says whether more follow.
func list(tx *sqldb.Tx, q Query) (events []Event, more bool, err error) {
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	from, to := arg(sqldb.Nanos(q.From)), arg(sqldb.Nanos(q.To))
	where := "at < " + to
	if q.Env != "" {
		where += " AND env IN ('', " + arg(q.Env) + ")"
	}
	if q.Service != "" {
		where += " AND service IN ('', " + arg(q.Service) + ")"
	}
	if q.Team != "" {
		where += " AND team = " + arg(q.Team)
	}
	if len(q.Kinds) > 0 {
		var kinds []string
		for _, k := range q.Kinds {
			kinds = append(kinds, arg(string(k)))
		}
		where += " AND kind IN (" + strings.Join(kinds, ", ") + ")"
	}
	// Whole moments: those of the place's own are sorted here and cut behind it.
	order := "DESC"
	if q.Ascending {
		order = "ASC"
	}
	if q.After != (Place{}) {
		cmp := " AND at <= "
		if q.Ascending {
			cmp = " AND at >= "
		}
		where += cmp + arg(q.After.At)
	}
	// Two halves, each on its index: what began in the range, and what began before it and
	// had not ended.
	query := `SELECT ` + columns + ` FROM (
		SELECT ` + columns + ` FROM timeline_event WHERE at >= ` + from + ` AND ` + where + `
		UNION ALL
		SELECT ` + columns + ` FROM timeline_event WHERE at < ` + from + ` AND until_at > at AND until_at > ` + from + ` AND ` + where + `
	) AS e ORDER BY at ` + order
	behind := func(p Place) bool {
		switch {
		case q.After == (Place{}):
			return true
		case q.Ascending:
			return q.After.less(p)
		}
		return p.less(q.After)
	}
	sort := func(part []Event) {
		slices.SortFunc(part, func(a, b Event) int {
			if a.place().less(b.place()) == q.Ascending {
				return -1
			}
			return 1
		})
	}
	// Rows come by time; a moment may be shared by more events than a page holds, so it is
	// read to its end.
	err = tx.Each(func(r sqldb.Row) error {
		e, err := scan(r)
		if err != nil {
			return err
		}
		if n := len(events); n > q.Limit && !events[n-1].At.Equal(e.At) {
			return errEnough
		}
		if behind(e.place()) {
			events = append(events, e)
		}
		return nil
	}, query, args...)
	if err != nil && err != errEnough {
		return nil, false, err
	}
	sort(events)
	if len(events) > q.Limit {
		return events[:q.Limit], true, nil
	}
	return events, false, nil
}

var errEnough = fmt.Errorf("enough")
