package code

import (
	"embed"
	"errors"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "code", Files: migrations}

const repositoryColumns = "id, name, kind, address, branch, secret, checked_at, problem, changed_at"

func scanRepository(row sqldb.Row) (r Repository, err error) {
	var checked, changed int64
	err = row.Scan(&r.ID, &r.Name, &r.Kind, &r.Address, &r.Branch, &r.Secret, &checked, &r.Problem, &changed)
	r.Checked, r.Changed = sqldb.Time(checked), sqldb.Time(changed)
	return r, err
}

func listRepositories(tx *sqldb.Tx) ([]Repository, error) {
	return sqldb.Collect(tx, scanRepository, `SELECT `+repositoryColumns+` FROM code_repository ORDER BY name`)
}

func repositoryByID(tx *sqldb.Tx, id string) (Repository, error) {
	r, err := scanRepository(tx.QueryRow(`SELECT `+repositoryColumns+` FROM code_repository WHERE id = $1`, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, fault.New(fault.NotFound, i18n.T("There is no such repository.", "リポジトリが見つかりません。"))
	}
	return r, err
}

func insertRepository(tx *sqldb.Tx, r Repository) error {
	_, err := tx.Exec(`INSERT INTO code_repository (`+repositoryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		r.ID, r.Name, string(r.Kind), r.Address, r.Branch, r.Secret, sqldb.Nanos(r.Checked), r.Problem, sqldb.Nanos(r.Changed))
	return taken(err)
}

func updateRepository(tx *sqldb.Tx, r Repository) error {
	_, err := tx.Exec(`UPDATE code_repository SET name = $2, kind = $3, address = $4, branch = $5, secret = $6, checked_at = $7, problem = $8, changed_at = $9 WHERE id = $1`,
		r.ID, r.Name, string(r.Kind), r.Address, r.Branch, r.Secret, sqldb.Nanos(r.Checked), r.Problem, sqldb.Nanos(r.Changed))
	return taken(err)
}

func taken(err error) error {
	if sqldb.IsUnique(err) {
		return &fault.Error{Code: fault.Conflict, Field: "name", Cause: err, Text: i18n.T("Another repository has this name.", "同じ名前のリポジトリがすでにあります。")}
	}
	return err
}

func deleteRepository(tx *sqldb.Tx, id string) error {
	if _, err := tx.Exec(`DELETE FROM code_binding WHERE repository_id = $1`, id); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM code_repository WHERE id = $1`, id)
	return err
}

func scanBinding(row sqldb.Row) (b Binding, err error) {
	var changed int64
	err = row.Scan(&b.Service, &b.Repository, &b.Folder, &changed)
	b.Changed = sqldb.Time(changed)
	return b, err
}

func listBindings(tx *sqldb.Tx) ([]Binding, error) {
	return sqldb.Collect(tx, scanBinding, `SELECT service, repository_id, folder, changed_at FROM code_binding ORDER BY service`)
}

func bindingOf(tx *sqldb.Tx, service string) (b Binding, found bool, err error) {
	b, err = scanBinding(tx.QueryRow(`SELECT service, repository_id, folder, changed_at FROM code_binding WHERE service = $1`, service))
	if errors.Is(err, sqldb.ErrNoRows) {
		return b, false, nil
	}
	return b, err == nil, err
}

func putBinding(tx *sqldb.Tx, b Binding) error {
	_, err := tx.Exec(`INSERT INTO code_binding (service, repository_id, folder, changed_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (service) DO UPDATE SET repository_id = excluded.repository_id, folder = excluded.folder, changed_at = excluded.changed_at`,
		b.Service, b.Repository, b.Folder, sqldb.Nanos(b.Changed))
	return err
}

func deleteBinding(tx *sqldb.Tx, service string) error {
	_, err := tx.Exec(`DELETE FROM code_binding WHERE service = $1`, service)
	return err
}
