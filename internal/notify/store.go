package notify

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "notify", Files: migrations}

const destinationColumns = "id, name, kind, lang, settings, per_minute, disabled, created_at"

func scanDestination(r sqldb.Row) (d Destination, err error) {
	var settings string
	var created int64
	if err = r.Scan(&d.ID, &d.Name, &d.Kind, &d.Lang, &settings, &d.PerMinute, &d.Disabled, &created); err != nil {
		return d, err
	}
	d.Created = sqldb.Time(created)
	return d, json.Unmarshal([]byte(settings), &d.Settings)
}

func listDestinations(tx *sqldb.Tx) ([]Destination, error) {
	return sqldb.Collect(tx, scanDestination, `SELECT `+destinationColumns+` FROM notify_destination ORDER BY created_at, id`)
}

func destinationByID(tx *sqldb.Tx, id string) (Destination, error) {
	d, err := scanDestination(tx.QueryRow(`SELECT `+destinationColumns+` FROM notify_destination WHERE id = $1`, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return d, fault.New(fault.NotFound, i18n.T("There is no such destination.", "通知先が見つかりません。"))
	}
	return d, err
}

func putDestination(tx *sqldb.Tx, d Destination) error {
	_, err := tx.Exec(`INSERT INTO notify_destination (id, name, name_key, kind, lang, settings, per_minute, disabled, created_at, last_seq, free_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, kind = excluded.kind, lang = excluded.lang,
			settings = excluded.settings, per_minute = excluded.per_minute, disabled = excluded.disabled`,
		d.ID, d.Name, nameKey(d.Name), string(d.Kind), string(d.Lang), d.Settings.json(), d.PerMinute, d.Disabled, sqldb.Nanos(d.Created))
	if sqldb.IsUnique(err) {
		return &fault.Error{Code: fault.Conflict, Field: "name", Cause: err, Text: i18n.T(
			"There is a destination of this name already.", "同じ名前の通知先がすでにあります。")}
	}
	return err
}

func deleteDestination(tx *sqldb.Tx, id string) error {
	_, err := tx.Exec(`DELETE FROM notify_destination WHERE id = $1`, id)
	return err
}

// nextSeq takes a destination's next number. Transactions that enqueue to one destination
// wait for each other here, so the numbers are the order in which they commit. False:
// there is no such destination that is in use.
func nextSeq(tx *sqldb.Tx, destination string) (seq int64, ok bool, err error) {
	err = tx.QueryRow(`UPDATE notify_destination SET last_seq = last_seq + 1 WHERE id = $1 AND NOT disabled RETURNING last_seq`, destination).Scan(&seq)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, false, nil
	}
	return seq, err == nil, err
}

const deliveryColumns = "d.id, d.destination_id, d.seq, d.idem_key, d.kind, d.message, d.state, d.attempts, d.claim, d.due_at, d.claimed_until, d.error_en, d.error_ja, d.created_at, d.since_at, d.tried_at, d.sent_at"

func scanDelivery(r sqldb.Row) (d Delivery, err error) {
	var message string
	var due, claimed, created, since, tried, sent int64
	if err = r.Scan(&d.ID, &d.Destination, &d.seq, &d.Key, &d.Kind, &message, &d.State, &d.Attempts, &d.claim, &due, &claimed,
		&d.Error.En, &d.Error.Ja, &created, &since, &tried, &sent); err != nil {
		return d, err
	}
	d.Due, d.claimedUntil, d.Created = sqldb.Time(due), sqldb.Time(claimed), sqldb.Time(created)
	d.since, d.Tried, d.Sent = sqldb.Time(since), sqldb.Time(tried), sqldb.Time(sent)
	return d, json.Unmarshal([]byte(message), &d.Message)
}

func insertDelivery(tx *sqldb.Tx, d Delivery) error {
	message, err := json.Marshal(d.Message)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO notify_delivery (id, destination_id, seq, idem_key, kind, message, state, attempts, claim, due_at, claimed_until,
			error_en, error_ja, created_at, since_at, tried_at, sent_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, 0, '', '', $8, $8, 0, 0) ON CONFLICT (destination_id, idem_key) DO NOTHING`,
		d.ID, d.Destination, d.seq, d.Key, d.Kind, string(message), string(Queued), sqldb.Nanos(d.Created))
	return err
}

func updateDelivery(tx *sqldb.Tx, d Delivery) error {
	_, err := tx.Exec(`UPDATE notify_delivery SET seq = $2, state = $3, attempts = $4, claim = $5, due_at = $6, claimed_until = $7,
			error_en = $8, error_ja = $9, since_at = $10, tried_at = $11, sent_at = $12 WHERE id = $1`,
		d.ID, d.seq, string(d.State), d.Attempts, d.claim, sqldb.Nanos(d.Due), sqldb.Nanos(d.claimedUntil), d.Error.En, d.Error.Ja,
		sqldb.Nanos(d.since), sqldb.Nanos(d.Tried), sqldb.Nanos(d.Sent))
	return err
}

func deliveryByID(tx *sqldb.Tx, id string) (Delivery, error) {
	d, err := scanDelivery(tx.QueryRow(`SELECT `+deliveryColumns+` FROM notify_delivery d WHERE d.id = $1`, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return d, fault.New(fault.NotFound, i18n.T("There is no such delivery.", "配信が見つかりません。"))
	}
	return d, err
}

// dueDestinations are those that are in use, whose rate allows a message, and whose first
// message that is not done is due.
func dueDestinations(tx *sqldb.Tx, now time.Time) ([]string, error) {
	return sqldb.Collect(tx, func(r sqldb.Row) (id string, err error) { return id, r.Scan(&id) },
		`SELECT t.id FROM notify_destination t
		JOIN notify_delivery d ON d.destination_id = t.id AND d.seq = (
			SELECT min(o.seq) FROM notify_delivery o WHERE o.destination_id = t.id AND o.state IN ('queued', 'sending'))
		WHERE NOT t.disabled AND t.free_at <= $1 AND d.due_at <= $1 AND d.claimed_until <= $1`, sqldb.Nanos(now))
}

// head is a destination's first message that is not done; false: there is none.
func head(tx *sqldb.Tx, destination string) (Delivery, bool, error) {
	d, err := scanDelivery(tx.QueryRow(`SELECT `+deliveryColumns+` FROM notify_delivery d
		WHERE d.destination_id = $1 AND d.state IN ('queued', 'sending') ORDER BY d.seq LIMIT 1`, destination))
	if errors.Is(err, sqldb.ErrNoRows) {
		return d, false, nil
	}
	return d, err == nil, err
}

func freeAt(tx *sqldb.Tx, destination string) (time.Time, error) {
	var at int64
	err := tx.QueryRow(`SELECT free_at FROM notify_destination WHERE id = $1`, destination).Scan(&at)
	return sqldb.Time(at), err
}

func setFreeAt(tx *sqldb.Tx, destination string, at time.Time) error {
	_, err := tx.Exec(`UPDATE notify_destination SET free_at = $2 WHERE id = $1`, destination, sqldb.Nanos(at))
	return err
}

// Cursor is a place in the list of deliveries.
type Cursor struct {
	At int64  `json:"t"`
	ID string `json:"i"`
}

// listDeliveries reads a page, newest first, and whether more follow.
func listDeliveries(tx *sqldb.Tx, q DeliveryQuery) ([]Delivery, bool, error) {
	var args []any
	arg := func(v any) string { args = append(args, v); return fmt.Sprintf("$%d", len(args)) }
	where := []string{"1 = 1"}
	if q.Destination != "" {
		where = append(where, "d.destination_id = "+arg(q.Destination))
	}
	if q.State != "" {
		where = append(where, "d.state = "+arg(string(q.State)))
	}
	if q.After != (Cursor{}) {
		at, id := arg(q.After.At), arg(q.After.ID)
		where = append(where, "(d.created_at < "+at+" OR d.created_at = "+at+" AND d.id < "+id+")")
	}
	all, err := sqldb.Collect(tx, scanDelivery, `SELECT `+deliveryColumns+` FROM notify_delivery d WHERE `+strings.Join(where, " AND ")+
		` ORDER BY d.created_at DESC, d.id DESC LIMIT `+arg(q.Limit+1), args...)
	if err != nil || len(all) <= q.Limit {
		return all, false, err
	}
	return all[:q.Limit], true, nil
}

func countByState(tx *sqldb.Tx) (map[string]map[State]int, error) {
	out := map[string]map[State]int{}
	err := tx.Each(func(r sqldb.Row) error {
		var id string
		var state State
		var n int
		if err := r.Scan(&id, &state, &n); err != nil {
			return err
		}
		if out[id] == nil {
			out[id] = map[State]int{}
		}
		out[id][state] = n
		return nil
	}, `SELECT destination_id, state, count(*) FROM notify_delivery GROUP BY destination_id, state`)
	return out, err
}

// deleteOld removes what was sent before one time, and what died before another.
func deleteOld(tx *sqldb.Tx, sent, dead time.Time) (int64, error) {
	return tx.Exec(`DELETE FROM notify_delivery WHERE state = 'sent' AND sent_at < $1 OR state = 'dead' AND tried_at < $2`, sqldb.Nanos(sent), sqldb.Nanos(dead))
}
