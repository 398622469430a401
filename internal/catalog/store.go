package catalog

import (
	"embed"
	"errors"
	"time"

	"github.com/yagura-sre/yagura/internal/sqldb"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "catalog", Files: migrations}

const claimColumns = "source, document, service, place, team, product, by_name, at"

func scanClaim(r sqldb.Row) (c Claim, err error) {
	var at int64
	err = r.Scan(&c.Source, &c.Document, &c.Service, &c.Place, &c.Team, &c.Product, &c.By, &at)
	c.At = sqldb.Time(at)
	return c, err
}

func listClaims(tx *sqldb.Tx) ([]Claim, error) {
	return sqldb.Collect(tx, scanClaim, `SELECT `+claimColumns+` FROM catalog_claim`)
}

func manualClaim(tx *sqldb.Tx, service string) (Claim, error) {
	c, err := scanClaim(tx.QueryRow(`SELECT `+claimColumns+` FROM catalog_claim WHERE source = $1 AND document = '' AND service = $2 AND place = ''`, string(Manual), service))
	if errors.Is(err, sqldb.ErrNoRows) {
		return Claim{Source: Manual, Service: service}, nil
	}
	return c, err
}

// putClaim writes a claim; one that says nothing is taken away.
func putClaim(tx *sqldb.Tx, c Claim) error {
	if c.Team == "" && c.Product == "" {
		_, err := tx.Exec(`DELETE FROM catalog_claim WHERE source = $1 AND document = $2 AND service = $3 AND place = $4`, string(c.Source), c.Document, c.Service, c.Place)
		return err
	}
	_, err := tx.Exec(`INSERT INTO catalog_claim (`+claimColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (source, document, service, place) DO UPDATE SET team = excluded.team, product = excluded.product, by_name = excluded.by_name, at = excluded.at`,
		string(c.Source), c.Document, c.Service, c.Place, c.Team, c.Product, c.By, sqldb.Nanos(c.At))
	return err
}

func deleteDocument(tx *sqldb.Tx, name string) (int64, error) {
	return tx.Exec(`DELETE FROM catalog_claim WHERE document = $1 AND document <> ''`, name)
}

// forgetTelemetry drops what services said of themselves and do not say any more.
func forgetTelemetry(tx *sqldb.Tx, before time.Time) error {
	_, err := tx.Exec(`DELETE FROM catalog_claim WHERE source = $1 AND at < $2`, string(Telemetry), sqldb.Nanos(before))
	return err
}

type seen struct {
	name        string
	first, last time.Time
}

func listSeen(tx *sqldb.Tx) ([]seen, error) {
	return sqldb.Collect(tx, func(r sqldb.Row) (s seen, err error) {
		var first, last int64
		err = r.Scan(&s.name, &first, &last)
		s.first, s.last = sqldb.Time(first), sqldb.Time(last)
		return s, err
	}, `SELECT name, first_seen, last_seen FROM catalog_service`)
}

func putSeen(tx *sqldb.Tx, name string, at time.Time) error {
	_, err := tx.Exec(`INSERT INTO catalog_service (name, first_seen, last_seen) VALUES ($1, $2, $2)
		ON CONFLICT (name) DO UPDATE SET last_seen = CASE WHEN excluded.last_seen > catalog_service.last_seen THEN excluded.last_seen ELSE catalog_service.last_seen END`, name, sqldb.Nanos(at))
	return err
}
