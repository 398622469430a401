package view

import (
	"embed"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "view", Files: migrations}

const columns = "id, page, name, search, note, shared, owner_id, owner_name, changed_at"

func scan(r sqldb.Row) (v View, err error) {
	var changed int64
	err = r.Scan(&v.ID, &v.Page, &v.Name, &v.Search, &v.Note, &v.Shared, &v.OwnerID, &v.Owner, &changed)
	v.Changed = sqldb.Time(changed)
	return v, err
}

func insert(tx *sqldb.Tx, v View) error {
	_, err := tx.Exec(`INSERT INTO view_saved (`+columns+`, name_key, space) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		v.ID, v.Page, v.Name, v.Search, v.Note, v.Shared, v.OwnerID, v.Owner, sqldb.Nanos(v.Changed), v.key(), v.space())
	return taken(err)
}

func update(tx *sqldb.Tx, v View) error {
	_, err := tx.Exec(`UPDATE view_saved SET name = $2, search = $3, note = $4, shared = $5, changed_at = $6, name_key = $7, space = $8 WHERE id = $1`,
		v.ID, v.Name, v.Search, v.Note, v.Shared, sqldb.Nanos(v.Changed), v.key(), v.space())
	return taken(err)
}

func taken(err error) error {
	if sqldb.IsUnique(err) {
		return &fault.Error{Code: fault.Conflict, Field: "name", Cause: err, Text: i18n.T(
			"There is a view of this name already. Choose another name, or change that one.",
			"同じ名前のビューがすでにあります。別の名前にするか、既存のビューを更新してください。")}
	}
	return err
}

func remove(tx *sqldb.Tx, id string) error {
	_, err := tx.Exec(`DELETE FROM view_saved WHERE id = $1`, id)
	return err
}

// byID gives the view that somebody may see; another's own is not there for them.
func byID(tx *sqldb.Tx, id, userID string) (View, error) {
	all, err := sqldb.Collect(tx, scan, `SELECT `+columns+` FROM view_saved WHERE id = $1 AND (shared = $2 OR owner_id = $3)`, id, true, userID)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, i18n.T("There is no such view, or it is not shared.", "このビューは存在しないか、共有されていません。"))
	}
	if err != nil {
		return View{}, err
	}
	return all[0], nil
}

func list(tx *sqldb.Tx, page, userID string) ([]View, error) {
	where, args := "(shared = $1 OR owner_id = $2)", []any{true, userID}
	if page != "" {
		where += " AND page = $3"
		args = append(args, page)
	}
	return sqldb.Collect(tx, scan, `SELECT `+columns+` FROM view_saved WHERE `+where+` ORDER BY page, name_key, id`, args...)
}

func owned(tx *sqldb.Tx, userID string) (n int, err error) {
	err = tx.QueryRow(`SELECT count(*) FROM view_saved WHERE owner_id = $1`, userID).Scan(&n)
	return n, err
}
