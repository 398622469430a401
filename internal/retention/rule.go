package retention

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Limits of a rule.
const (
	MaxDays  = 3650
	MaxOneIn = 10_000
	maxName  = 256
	maxRules = 1000
)

// Rule says how long the rows of a signal are kept.
type Rule struct {
	ID           string
	Signal       telemetry.Signal
	Service, Env string // "" is all of them
	// WholeDays are kept whole after the day that a row is of, ThinDays thinned after that.
	WholeDays, ThinDays int
	// OneIn is the share of the ordinary rows of thinned days; 0 is none of them.
	OneIn     int
	ChangedAt time.Time // zero: nobody changed what the configuration says
	ChangedBy string
}

// IsDefault says that the rule is for whatever no other is for.
func (r Rule) IsDefault() bool { return r.Service == "" && r.Env == "" }

// Days is how long anything is kept.
func (r Rule) Days() int { return r.WholeDays + r.ThinDays }

func (r *Rule) validate() error {
	r.Service, r.Env = strings.TrimSpace(r.Service), strings.TrimSpace(r.Env)
	metrics := r.Signal == telemetry.Metrics
	switch {
	case utf8.RuneCountInString(r.Service) > maxName:
		return fault.Field("service", i18n.F("At most %d characters.", "%d 文字以内で入力してください。", maxName))
	case utf8.RuneCountInString(r.Env) > maxName:
		return fault.Field("env", i18n.F("At most %d characters.", "%d 文字以内で入力してください。", maxName))
	case metrics && !r.IsDefault():
		field := "service"
		if r.Service == "" {
			field = "env"
		}
		return fault.Field(field, i18n.T(
			"The store of metrics keeps all series equally long, so there is one rule for metrics. Leave service and environment empty.",
			"メトリクスストアの保持期間は全系列で共通のため、ルールは 1 つだけです。サービスと環境は空にしてください。"))
	case r.WholeDays < 1 || r.WholeDays > MaxDays:
		return fault.Field("whole_days", i18n.F("Keep rows whole for 1 to %d days.", "完全に保持する日数は 1〜%d の範囲で指定してください。", MaxDays))
	case r.ThinDays < 0 || r.ThinDays > MaxDays:
		return fault.Field("thin_days", i18n.F("Keep thinned rows for 0 to %d days.", "間引いて保持する日数は 0〜%d の範囲で指定してください。", MaxDays))
	case metrics && r.ThinDays > 0:
		return fault.Field("thin_days", i18n.T("Metrics are not thinned. Give the days that they are kept as whole_days.", "メトリクスは間引きできません。保持日数は whole_days で指定してください。"))
	case r.OneIn < 0 || r.OneIn > MaxOneIn:
		return fault.Field("one_in", i18n.F("Keep one in 2 to %d of the ordinary rows, or 0 for none.", "通常の行の残す割合は 2〜%d 件に 1 件、または 0（残さない）で指定してください。", MaxOneIn))
	case r.OneIn == 1:
		return fault.Field("one_in", i18n.T("One in 1 is all of them: give more days as whole_days instead.", "1 件に 1 件では間引かれません。whole_days の日数を増やしてください。"))
	}
	return nil
}

// KeepAt is what becomes of a day at an age in days.
func (r Rule) KeepAt(age int) telemetry.Keep {
	switch {
	case age <= r.WholeDays:
		return telemetry.Whole
	case age <= r.Days():
		return telemetry.Keep{State: telemetry.KeptThinned, OneIn: uint32(r.OneIn)}
	}
	return telemetry.Gone
}

// Rules are all rules, a default for each signal among them.
type Rules []Rule

// For is the rule for an origin.
func (rs Rules) For(signal telemetry.Signal, o telemetry.Origin) Rule {
	best, rank := Rule{}, -1
	for _, r := range rs {
		if r.Signal != signal || r.Service != "" && r.Service != o.Service || r.Env != "" && r.Env != o.Env {
			continue
		}
		n := 0
		if r.Service != "" {
			n += 2
		}
		if r.Env != "" {
			n++
		}
		if n > rank {
			best, rank = r, n
		}
	}
	return best
}

// kindestShare is by how much traces are kept at least, whatever services they go through.
func (rs Rules) kindestShare() uint32 {
	best := 0
	for _, r := range rs {
		if r.Signal == telemetry.Spans && r.ThinDays > 0 && r.OneIn > 0 && (best == 0 || r.OneIn < best) {
			best = r.OneIn
		}
	}
	return uint32(best)
}

// sorted puts the defaults first, then by signal, service and environment.
func (rs Rules) sorted() Rules {
	slices.SortStableFunc(rs, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Env, b.Env))
	})
	return rs
}

// with is rs with a rule put in the place of the one of the same id, or added.
func (rs Rules) with(r Rule) Rules {
	out := slices.Clone(rs)
	for i := range out {
		if out[i].ID == r.ID {
			out[i] = r
			return out
		}
	}
	return append(out, r)
}

// Defaults are what the configuration says: at least a whole day each.
type Defaults struct {
	Logs, LogsThinned, Spans, SpansThinned, Metrics time.Duration
	OneIn                                           int
}

func (d Defaults) rules() Rules {
	days := func(t time.Duration) int { return int((t + 24*time.Hour - 1) / (24 * time.Hour)) }
	return Rules{
		{ID: "logs", Signal: telemetry.Logs, WholeDays: days(d.Logs), ThinDays: days(d.LogsThinned), OneIn: d.OneIn},
		{ID: "spans", Signal: telemetry.Spans, WholeDays: days(d.Spans), ThinDays: days(d.SpansThinned), OneIn: d.OneIn},
		{ID: "metrics", Signal: telemetry.Metrics, WholeDays: days(d.Metrics)},
	}
}

// isDefaultID says that a rule of this id is there without anybody having added it.
func isDefaultID(id string) bool { return id == "logs" || id == "spans" || id == "metrics" }
