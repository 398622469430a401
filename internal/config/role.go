package config

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/i18n"
)

// Role is what a process does of all that there is to do.
type Role string

// The roles. Several processes may have the same one, except RoleAll on embedded stores.
const (
	RoleAll    Role = "all"
	RoleIngest Role = "ingest" // takes telemetry, into a log of its own and from there to the stores
	RoleQuery  Role = "query"  // serves the UI and the API
	RoleJobs   Role = "jobs"   // runs the jobs and sends the notifications
)

// Ingests says that telemetry comes in here.
func (r Role) Ingests() bool { return r == RoleAll || r == RoleIngest }

// Serves says that people and programs ask here.
func (r Role) Serves() bool { return r == RoleAll || r == RoleQuery }

// Works says that jobs run here.
func (r Role) Works() bool { return r == RoleAll || r == RoleJobs }

// Shared says that the state is where several processes reach it.
func (c Config) Shared() bool { return c.Database.DSN != "" }

// role refuses to share what one process owns.
func (p *problems) role(c Config) {
	p.oneOf("role", string(c.Role), string(RoleAll), string(RoleIngest), string(RoleQuery), string(RoleJobs))
	p.httpURL("advertise", c.Advertise, false)
	if c.Role == RoleAll {
		return
	}
	var missing []string
	for _, need := range []struct{ name, value string }{{"engine.url", c.Engine.URL}, {"metrics.url", c.Metrics.URL}, {"database.dsn", c.Database.DSN}} {
		if need.value == "" {
			missing = append(missing, need.name)
		}
	}
	if len(missing) > 0 {
		p.add("", 0, "role", i18n.F(
			"%[1]s works beside other processes, and the embedded engine, metrics store and SQLite are one process's own: set %[2]s too (a ClickHouse, a Prometheus-compatible store, PostgreSQL), or leave role at all",
			"%[1]s は他のプロセスと分担する役割ですが、組み込みのエンジン・メトリクスストア・SQLite は 1 プロセスでしか使用できません。%[2]s も指定するか（ClickHouse、Prometheus 互換ストア、PostgreSQL）、role を all にしてください", c.Role, strings.Join(missing, ", ")))
	}
	if c.Role == RoleIngest && c.OTLP.GRPC == "" && c.OTLP.HTTP == "" {
		p.add("", 0, "otlp", i18n.T("an ingest process needs otlp.grpc or otlp.http", "ingest には otlp.grpc または otlp.http が必要です"))
	}
}
