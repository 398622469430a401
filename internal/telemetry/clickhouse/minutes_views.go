package clickhouse

import (
	"fmt"
	"math"
	"strconv"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// The tables by the minute, and what fills them. A view runs one of these selections over
// each block as it is stored, under the block's token, so that a block counts once in a
// table by the minute too; a rebuilding runs the same selection over the rows.
//
// Every table is keyed by arrival beside what it counts: the ten minutes in which the row
// was taken in, which a row says of itself. That is what makes a rebuilding safe: it takes
// away and counts again what arrived until some time ago, and does not touch the rest,
// which the views go on counting. Rows that are older than all of this arrived at 0.
//
// Latency is kept as the number of requests in each band (telemetry.Band): rows of one
// minute, key and band add up, and so do merged minutes.

// minuteView is a selection from a table of rows into a table by the minute.
type minuteView struct {
	table  string           // by the minute
	from   telemetry.Signal // the rows
	what   telemetry.Derivation
	fields string // the columns of table that sel gives, in its order
	sel    string // SELECT without FROM
	where  string
	group  string
}

const minuteKey = "toStartOfMinute(time) AS minute, toStartOfTenMinutes(arrived) AS arrival"

// maxTotal is what one duration counts for in a sum at most, so that sums do not overflow.
const maxTotal = 1 << 50

// noID is the id of no shape.
const noID = "toFixedString('', 8)"

var band = fmt.Sprintf("toUInt16(if(duration <= 0, 0, 1 + ceil(log(duration) / %s)))",
	strconv.FormatFloat(math.Log((1+telemetry.PercentileError)/(1-telemetry.PercentileError)), 'g', -1, 64))

const (
	levelClass = "toUInt8(if(severity = 0 OR severity > 24, 0, intDiv(severity - 1, 4) + 1))"
	// spanClass stands among the levels for a span.
	spanClass = "toUInt8(7)"
	user      = "if(attributes['user.id'] != '', attributes['user.id'], attributes['enduser.id'])"
)

var minuteViews = []minuteView{
	{
		table: "minutes_requests", from: telemetry.Spans, what: telemetry.DerivedRequests,
		fields: "minute, arrival, service, env, version, kind, endpoint, code, peer_kind, peer, operation_id, band, operation_text, requests, errors, total",
		sel: minuteKey + ", service, env, version, kind, endpoint, code, peer_kind, peer, operation_id, " + band + " AS band, " +
			"any(operation) AS operation_text, count() AS requests, countIf(status = 2) AS errors, sum(toUInt64(least(greatest(duration, 0), " + strconv.Itoa(maxTotal) + "))) AS total",
		where: "(kind IN (2, 5) OR peer_kind != '')",
		group: "minute, arrival, service, env, version, kind, endpoint, code, peer_kind, peer, operation_id, band",
	},
	instancesView(telemetry.Spans, spanClass),
	instancesView(telemetry.Logs, levelClass),
	errorsView(telemetry.Spans, "endpoint"),
	errorsView(telemetry.Logs, "''"),
	{
		table: "minutes_logs", from: telemetry.Logs, what: telemetry.DerivedPatterns,
		fields: "minute, arrival, service, env, version, level, pattern_id, pattern_text, logs, example",
		sel: minuteKey + ", service, env, version, " + levelClass + " AS level, pattern_id, " +
			"any(pattern) AS pattern_text, count() AS logs, leftUTF8(any(body), 300) AS example",
		where: "1",
		group: "minute, arrival, service, env, version, level, pattern_id",
	},
}

func instancesView(from telemetry.Signal, class string) minuteView {
	return minuteView{
		table: "minutes_instances", from: from, what: telemetry.DerivedInstances,
		fields: "minute, arrival, service, env, version, instance, host, level, resource_text, seen, first, last",
		sel: minuteKey + ", service, env, version, instance, host, " + class + " AS level, " +
			"any(resource) AS resource_text, count() AS seen, min(time) AS first, max(time) AS last",
		where: "1",
		group: "minute, arrival, service, env, version, instance, host, level",
	}
}

func errorsView(from telemetry.Signal, endpoint string) minuteView {
	return minuteView{
		table: "minutes_errors", from: from, what: telemetry.DerivedErrors,
		fields: "minute, arrival, service, env, version, endpoint, signal, error_group, type_text, message_text, frame_text, occurrences, first, example, users",
		sel: minuteKey + ", service, env, version, " + endpoint + " AS endpoint, toUInt8(" + strconv.Itoa(int(from)) + ") AS signal, error_group, " +
			"any(error_group_type) AS type_text, any(error_group_message) AS message_text, any(error_group_frame) AS frame_text, " +
			"count() AS occurrences, min(time) AS first, max((time, trace_id, span_id)) AS example, uniqStateIf(" + user + ", " + user + " != '') AS users",
		where: "error_group != " + noID,
		group: "minute, arrival, service, env, version, endpoint, signal, error_group",
	}
}

// name is the view's.
func (v minuteView) name() string { return v.from.String() + "_" + v.table }

// from is the selection of the rows of a table that a condition holds for.
func (v minuteView) selectFrom(table, condition string) string {
	return "SELECT " + v.sel + "\nFROM " + table + " WHERE " + condition + v.where + "\nGROUP BY " + v.group
}

// minuteTables are the tables by the minute.
var minuteTables = []string{"minutes_requests", "minutes_instances", "minutes_errors", "minutes_logs"}

// MinuteViews are the statements that make the views.
func (d ddl) MinuteViews() (all []string) {
	for _, v := range minuteViews {
		all = append(all, "CREATE MATERIALIZED VIEW IF NOT EXISTS "+d.Local(v.name())+" "+d.OnCluster()+" TO "+d.Local(v.table)+" AS\n"+
			v.selectFrom(d.Local(v.from.String()), "")+";")
	}
	return all
}

// Altered are the tables that a change to a table of rows has to be made to.
func (d ddl) Altered(name string) []string {
	if d.Cluster == "" {
		return []string{d.Table(name), d.Table(name + "_trial")}
	}
	return []string{d.Local(name), d.Table(name), d.Table(name + "_trial")}
}

// MinuteSettings are those of the tables by the minute.
func (d ddl) MinuteSettings() string { return d.TraceSettings() }
