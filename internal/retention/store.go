package retention

import (
	"embed"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = sqldb.Migrations{Room: "retention", Files: migrations}

const ruleColumns = "id, signal, service, env, whole_days, thin_days, one_in, changed_at, changed_by"

func scanRule(r sqldb.Row) (rule Rule, err error) {
	var signal string
	var changed int64
	err = r.Scan(&rule.ID, &signal, &rule.Service, &rule.Env, &rule.WholeDays, &rule.ThinDays, &rule.OneIn, &changed, &rule.ChangedBy)
	rule.Signal, rule.ChangedAt = telemetry.SignalNamed(signal), sqldb.Time(changed)
	return rule, err
}

func listRules(tx *sqldb.Tx) ([]Rule, error) {
	return sqldb.Collect(tx, scanRule, `SELECT `+ruleColumns+` FROM retention_rule ORDER BY signal, service, env`)
}

func putRule(tx *sqldb.Tx, r Rule) error {
	_, err := tx.Exec(`INSERT INTO retention_rule (`+ruleColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET service = excluded.service, env = excluded.env, whole_days = excluded.whole_days, thin_days = excluded.thin_days,
			one_in = excluded.one_in, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
		r.ID, r.Signal.String(), r.Service, r.Env, r.WholeDays, r.ThinDays, r.OneIn, sqldb.Nanos(r.ChangedAt), r.ChangedBy)
	if sqldb.IsUnique(err) {
		return &fault.Error{Code: fault.Conflict, Field: "service", Cause: err, Text: i18n.T(
			"There is a rule for this service and environment already. Change that one.",
			"このサービスと環境のルールはすでにあります。既存のルールを変更してください。")}
	}
	return err
}

func deleteRule(tx *sqldb.Tx, id string) error {
	_, err := tx.Exec(`DELETE FROM retention_rule WHERE id = $1`, id)
	return err
}

func listMeasures(tx *sqldb.Tx) ([]telemetry.RowMeasure, error) {
	return sqldb.Collect(tx, func(r sqldb.Row) (m telemetry.RowMeasure, err error) {
		var signal string
		var rows int64
		err = r.Scan(&signal, &m.Service, &m.Env, &m.Day, &rows, &m.RowBytes, &m.Notable)
		m.Signal, m.Rows = telemetry.SignalNamed(signal), uint64(rows)
		return m, err
	}, `SELECT signal, service, env, day, row_count, row_bytes, notable FROM retention_measure ORDER BY signal, service, env`)
}

func putMeasure(tx *sqldb.Tx, m telemetry.RowMeasure) error {
	_, err := tx.Exec(`INSERT INTO retention_measure (signal, service, env, day, row_count, row_bytes, notable) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (signal, service, env) DO UPDATE SET day = excluded.day, row_count = excluded.row_count, row_bytes = excluded.row_bytes, notable = excluded.notable`,
		m.Signal.String(), m.Service, m.Env, m.Day, int64(m.Rows), m.RowBytes, m.Notable)
	return err
}
