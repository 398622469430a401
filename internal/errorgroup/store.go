package errorgroup

import (
	"embed"
	"encoding/json"

	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "errorgroup", Files: migrations}

const columns = `service, grp, status, since_at, set_by, mended, version, known, reason, until_at, returned_at,
	assignee_kind, assignee_id, assignee_name, changed_at, err_type, err_message, err_frame`

func scanState(r sqldb.Row) (s State, err error) {
	var group, known string
	var since, until, returned, changed int64
	err = r.Scan(&s.Service, &group, &s.Status, &since, &s.By, &s.Mended, &s.Version, &known, &s.Reason, &until, &returned,
		&s.Assignee.Kind, &s.Assignee.ID, &s.Assignee.Name, &changed, &s.Type, &s.Message, &s.Frame)
	if err != nil {
		return s, err
	}
	s.Group, _ = telemetry.ParseShapeID(group)
	s.Since, s.Until, s.Returned, s.Changed = sqldb.Time(since), sqldb.Time(until), sqldb.Time(returned), sqldb.Time(changed)
	return s, json.Unmarshal([]byte(known), &s.Known)
}

func putState(tx *sqldb.Tx, s State) error {
	known, err := json.Marshal(append([]string{}, s.Known...))
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO errorgroup_state (`+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (service, grp) DO UPDATE SET status = excluded.status, since_at = excluded.since_at, set_by = excluded.set_by,
			mended = excluded.mended, version = excluded.version, known = excluded.known, reason = excluded.reason, until_at = excluded.until_at,
			returned_at = excluded.returned_at, assignee_kind = excluded.assignee_kind, assignee_id = excluded.assignee_id,
			assignee_name = excluded.assignee_name, changed_at = excluded.changed_at,
			err_type = excluded.err_type, err_message = excluded.err_message, err_frame = excluded.err_frame`,
		s.Service, s.Group.String(), string(s.Status), sqldb.Nanos(s.Since), s.By, string(s.Mended), s.Version, string(known), s.Reason,
		sqldb.Nanos(s.Until), sqldb.Nanos(s.Returned), string(s.Assignee.Kind), s.Assignee.ID, s.Assignee.Name, sqldb.Nanos(s.Changed),
		s.Type, s.Message, s.Frame)
	return err
}

// stateOf is the state of a group; of one that nobody touched it is open.
func stateOf(tx *sqldb.Tx, k Key) (State, error) {
	all, err := sqldb.Collect(tx, scanState, `SELECT `+columns+` FROM errorgroup_state WHERE service = $1 AND grp = $2`, k.Service, k.Group.String())
	if err != nil || len(all) == 0 {
		return State{Key: k, Status: Open}, err
	}
	return all[0], nil
}

func statesOf(tx *sqldb.Tx, service string) (map[Key]State, error) {
	where, args := "", []any{}
	if service != "" {
		where, args = " WHERE service = $1", []any{service}
	}
	all, err := sqldb.Collect(tx, scanState, `SELECT `+columns+` FROM errorgroup_state`+where, args...)
	states := make(map[Key]State, len(all))
	for _, s := range all {
		states[s.Key] = s
	}
	return states, err
}

// settled are the states that may change by themselves.
func settled(tx *sqldb.Tx) ([]State, error) {
	return sqldb.Collect(tx, scanState, `SELECT `+columns+` FROM errorgroup_state WHERE status IN ('resolved', 'ignored')`)
}

func insertEvent(tx *sqldb.Tx, e Event) error {
	_, err := tx.Exec(`INSERT INTO errorgroup_event (id, service, grp, at, set_by, action, text) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		int64(e.ID), e.Service, e.Group.String(), sqldb.Nanos(e.At), e.By, string(e.Action), e.Text)
	return err
}

// history is what was done to a group, newest first.
func history(tx *sqldb.Tx, k Key, limit int) ([]Event, error) {
	return sqldb.Collect(tx, func(r sqldb.Row) (e Event, err error) {
		var id, at int64
		e.Key = k
		err = r.Scan(&id, &at, &e.By, &e.Action, &e.Text)
		e.ID, e.At = uint64(id), sqldb.Time(at)
		return e, err
	}, `SELECT id, at, set_by, action, text FROM errorgroup_event WHERE service = $1 AND grp = $2 ORDER BY id DESC LIMIT $3`,
		k.Service, k.Group.String(), limit)
}
