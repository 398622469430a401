package retention

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/yagura-sre/yagura/internal/api"
	"github.com/yagura-sre/yagura/internal/authz"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

const tag = "retention"

// RetentionRule is a rule on the wire.
type RetentionRule struct {
	ID        string     `json:"id" doc:"logs, spans and metrics are the defaults."`
	Signal    string     `json:"signal" enum:"logs,spans,metrics"`
	Service   string     `json:"service" doc:"Empty is all services."`
	Env       string     `json:"env" doc:"Empty is all environments."`
	WholeDays int        `json:"whole_days" doc:"Days after the day itself that rows are kept whole."`
	ThinDays  int        `json:"thin_days" doc:"Days after those that thinned rows are kept."`
	OneIn     int        `json:"one_in" doc:"Of a thinned day's ordinary rows one in so many is kept; 0 is none of them."`
	Default   bool       `json:"default"`
	ChangedAt *time.Time `json:"changed_at,omitempty" doc:"Missing: it is as the configuration has it."`
	ChangedBy string     `json:"changed_by"`
}

// ForecastView is what the rows take that a rule is for.
type ForecastView struct {
	Oldest    string `json:"oldest" doc:"Day (UTC) of the oldest row; empty without any."`
	Rows      uint64 `json:"rows" doc:"Stored now."`
	Bytes     uint64 `json:"bytes" doc:"That these take on the disk: of logs and spans, the disk of each day shared out by the size of the rows."`
	DayRows   uint64 `json:"day_rows" doc:"That arrive on a mean day of the last week."`
	DayBytes  uint64 `json:"day_bytes" doc:"That these take while they are whole."`
	FullBytes uint64 `json:"full_bytes" doc:"What it takes once the rule has run to its full length, if as much goes on arriving."`
	Services  int    `json:"services" doc:"Services and environments that sent anything in the last week."`
}

// RuleForecast is a rule with its forecast.
type RuleForecast struct {
	RetentionRule
	ETag     string       `json:"etag" doc:"For If-Match."`
	Forecast ForecastView `json:"forecast"`
}

// RetentionView is the whole of it.
type RetentionView struct {
	Rules            []RuleForecast `json:"rules" doc:"The defaults first."`
	FreeBytes        uint64         `json:"free_bytes" doc:"Of the disk that the rows lie on; 0 when another server keeps them."`
	TotalBytes       uint64         `json:"total_bytes"`
	Bytes            uint64         `json:"bytes" doc:"That logs, spans and metrics take now."`
	FullBytes        uint64         `json:"full_bytes" doc:"That they take once all rules have run to their full length."`
	Fits             bool           `json:"fits" doc:"What they will take more fits into what is free, with a tenth of the disk left."`
	MetricsElsewhere bool           `json:"metrics_elsewhere" doc:"Another server keeps metrics, as long as its own settings say; the rule for metrics has no effect."`
	RowsElsewhere    bool           `json:"rows_elsewhere" doc:"Another server keeps logs and spans; how much of its disk is free is not known here."`
	QuietHour        int            `json:"quiet_hour" doc:"Hour of the day (UTC) from which on days are rewritten: the one in which the least arrives."`
	Working          *WorkView      `json:"working,omitempty" doc:"What is being thinned or dropped by this process now."`
	Warnings         []string       `json:"warnings" doc:"In the asker's language."`
}

// WorkView is a day that is being worked on.
type WorkView struct {
	Day    string    `json:"day"`
	Signal string    `json:"signal" enum:"logs,spans"`
	Drop   bool      `json:"drop" doc:"The whole day is dropped; else it is thinned."`
	Since  time.Time `json:"since"`
}

// NewRuleBody is a rule to add.
type NewRuleBody struct {
	Signal    string `json:"signal" enum:"logs,spans,metrics"`
	Service   string `json:"service,omitempty" maxLength:"256"`
	Env       string `json:"env,omitempty" maxLength:"256"`
	WholeDays int    `json:"whole_days"`
	ThinDays  int    `json:"thin_days,omitempty"`
	OneIn     int    `json:"one_in,omitempty"`
}

func (b NewRuleBody) rule() Rule {
	return Rule{Signal: telemetry.SignalNamed(b.Signal), Service: b.Service, Env: b.Env, WholeDays: b.WholeDays, ThinDays: b.ThinDays, OneIn: b.OneIn}
}

// RuleChangeBody changes a rule; what is left out stays.
type RuleChangeBody struct {
	Service   *string `json:"service,omitempty" maxLength:"256"`
	Env       *string `json:"env,omitempty" maxLength:"256"`
	WholeDays *int    `json:"whole_days,omitempty"`
	ThinDays  *int    `json:"thin_days,omitempty"`
	OneIn     *int    `json:"one_in,omitempty"`
}

// PreviewBody asks what a change would do: id with change, id with remove, or rule.
type PreviewBody struct {
	ID     string          `json:"id,omitempty" maxLength:"64" doc:"The rule that is changed or deleted."`
	Change *RuleChangeBody `json:"change,omitempty"`
	Remove bool            `json:"remove,omitempty"`
	Rule   *NewRuleBody    `json:"rule,omitempty" doc:"A rule that is added."`
}

// RetentionEffectView is what a change does to what is stored.
type RetentionEffectView struct {
	Signal  string `json:"signal" enum:"logs,spans"`
	Service string `json:"service"`
	Env     string `json:"env"`
	State   string `json:"state" enum:"thinned,gone"`
	From    string `json:"from" doc:"First day."`
	To      string `json:"to" doc:"Last day."`
	Days    int    `json:"days"`
	Rows    uint64 `json:"rows" doc:"About so many go."`
	Bytes   uint64 `json:"bytes" doc:"That is freed, about."`
}

// PreviewView is what a change would do.
type PreviewView struct {
	Effects   []RetentionEffectView `json:"effects" doc:"What is taken away of what is stored now, within the next day."`
	Rows      uint64                `json:"rows"`
	Bytes     uint64                `json:"bytes"`
	FullBytes uint64                `json:"full_bytes" doc:"What all rules take then, once they have run to their full length."`
	Fits      bool                  `json:"fits"`
}

// ThinnedView says what is not whole of a range.
type ThinnedView struct {
	Whole bool       `json:"whole" doc:"Nothing was taken away."`
	From  *time.Time `json:"from,omitempty" doc:"Begin of the days concerned, within the range."`
	To    *time.Time `json:"to,omitempty"`
	OneIn uint32     `json:"one_in" doc:"Of the ordinary rows at least one in so many is there: 1 all, 0 none. Errors, slow ones, exemplars' and warnings are all there."`
	Gone  bool       `json:"gone" doc:"All rows of some services were dropped, sooner than those of others."`
	Kept  float64    `json:"kept" minimum:"0" maximum:"1" doc:"The part that is left of the rows of the services and days concerned."`
	Text  string     `json:"text" doc:"In the asker's language; empty when whole."`
}

type oneRule struct {
	ETag string `header:"ETag"`
	Body RetentionRule
}

// Register adds the room's operations.
func Register(a *api.API, s *Service) {
	registerArchive(a, s)
	api.Register(a, api.Op{
		ID: "get-retention", Method: http.MethodGet, Path: "/retention", Tag: tag, Permission: authz.StatusRead,
		Summary: "How long telemetry is kept, what it takes now and what it will take",
	}, func(ctx context.Context, _ *struct{}) (*api.Out[RetentionView], error) {
		v, err := s.view(ctx)
		if err != nil {
			return nil, err
		}
		return api.OK(v), nil
	})

	api.Register(a, api.Op{
		ID: "create-retention-rule", Method: http.MethodPost, Path: "/retention/rules", Tag: tag, Permission: authz.RetentionWrite, Status: http.StatusCreated,
		Summary: "Keep the telemetry of a service or an environment for another time",
	}, func(ctx context.Context, in *struct{ Body NewRuleBody }) (*oneRule, error) {
		r, err := s.Add(ctx, in.Body.rule())
		return answer(r, err)
	})

	api.Register(a, api.Op{
		ID: "update-retention-rule", Method: http.MethodPatch, Path: "/retention/rules/{id}", Tag: tag, Permission: authz.RetentionWrite,
		Summary: "Change how long telemetry is kept",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"64"`
		api.IfMatch
		Body RuleChangeBody
	}) (*oneRule, error) {
		r, err := s.Update(ctx, in.ID, Change(in.Body), func(was Rule) error { return in.Check(api.ETag(wire(was))) })
		return answer(r, err)
	})

	api.Register(a, api.Op{
		ID: "delete-retention-rule", Method: http.MethodDelete, Path: "/retention/rules/{id}", Tag: tag, Permission: authz.RetentionWrite,
		Summary: "Delete a rule; a default is again what the configuration says",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"64"`
	}) (*struct{}, error) {
		return nil, s.Remove(ctx, in.ID)
	})

	api.Register(a, api.Op{
		ID: "preview-retention", Method: http.MethodPost, Path: "/retention/preview", Tag: tag, Permission: authz.StatusRead,
		Summary: "What would be thinned and deleted if a rule were changed, added or deleted",
	}, func(ctx context.Context, in *struct{ Body PreviewBody }) (*api.Out[PreviewView], error) {
		v, err := s.preview(ctx, in.Body)
		if err != nil {
			return nil, err
		}
		return api.OK(v), nil
	})

	api.Register(a, api.Op{
		ID: "get-thinned", Method: http.MethodGet, Path: "/retention/thinned", Tag: tag, Permission: authz.TelemetryReadOwn,
		Summary: "Whether all rows of a range are there, or what part of them", Description: "Figures by the minute are exact in any case.",
	}, func(ctx context.Context, in *struct {
		api.RangeParams
		Signal  string `query:"signal" enum:"logs,spans" required:"true"`
		Service string `query:"service" maxLength:"256"`
		Env     string `query:"env" maxLength:"256"`
	}) (*api.Out[ThinnedView], error) {
		from, to, err := in.Range(s.Clock)
		if err != nil {
			return nil, err
		}
		t, err := s.Store.Thinned(ctx, telemetry.SignalNamed(in.Signal), telemetry.Range{From: from, To: to}, in.Service, in.Env)
		if err != nil {
			return nil, err
		}
		return api.OK(thinnedView(t, api.Lang(ctx))), nil
	})
}

func thinnedView(t telemetry.Thinned, lang i18n.Lang) ThinnedView {
	if t.Whole {
		return ThinnedView{Whole: true, OneIn: 1, Kept: 1}
	}
	v := ThinnedView{From: &t.From, To: &t.To, OneIn: t.OneIn, Gone: t.Gone, Kept: 1}
	if t.Before > 0 {
		v.Kept = min(1, float64(t.After)/float64(t.Before))
	}
	last := t.To.Add(-1)
	from, to := t.From.Format(time.DateOnly), last.Format(time.DateOnly)
	percent := fmt.Sprintf("%.3g %%", v.Kept*100)
	switch {
	case t.OneIn == 1:
		v.Text = i18n.F("From %[1]s to %[2]s (UTC) rows of some services are no longer kept: counts are of those that are left (%[3]s).",
			"%[1]s〜%[2]s（UTC）は、一部のサービスの行が保持期間を過ぎて削除されています。件数は残っている行（%[3]s）のものです。", from, to, percent).In(lang)
	case t.OneIn == 0:
		v.Text = i18n.F("From %[1]s to %[2]s (UTC) rows are thinned: errors, warnings, slow ones and exemplars are kept, ordinary ones are not. Counts are of what is left (%[3]s); figures by the minute are exact.",
			"%[1]s〜%[2]s（UTC）は間引き済みです。エラー・警告・遅いリクエスト・エグゼンプラーだけを残しています。件数は残っている行（%[3]s）のもので、分単位の集計値は正確です。", from, to, percent).In(lang)
	default:
		v.Text = i18n.F("From %[1]s to %[2]s (UTC) rows are thinned: 1 in %[4]d of the ordinary ones, and all errors, warnings, slow ones and exemplars. Counts are of what is left (%[3]s); figures by the minute are exact.",
			"%[1]s〜%[2]s（UTC）は間引き済みです。通常の行は %[4]d 件に 1 件、エラー・警告・遅いリクエスト・エグゼンプラーはすべて残しています。件数は残っている行（%[3]s）のもので、分単位の集計値は正確です。", from, to, percent, t.OneIn).In(lang)
	}
	return v
}

func answer(r Rule, err error) (*oneRule, error) {
	if err != nil {
		return nil, err
	}
	w := wire(r)
	return &oneRule{ETag: api.ETag(w), Body: w}, nil
}

func wire(r Rule) RetentionRule {
	w := RetentionRule{ID: r.ID, Signal: r.Signal.String(), Service: r.Service, Env: r.Env, WholeDays: r.WholeDays, ThinDays: r.ThinDays, OneIn: r.OneIn,
		Default: r.IsDefault(), ChangedBy: r.ChangedBy}
	if !r.ChangedAt.IsZero() {
		at := r.ChangedAt.UTC()
		w.ChangedAt = &at
	}
	return w
}

func (s *Service) preview(ctx context.Context, b PreviewBody) (v PreviewView, err error) {
	var rule Rule
	var change *Change
	switch {
	case b.Rule != nil && b.ID == "":
		rule = b.Rule.rule()
	case b.ID != "" && b.Change != nil && !b.Remove:
		rule.ID, change = b.ID, (*Change)(b.Change)
	case b.ID != "" && b.Remove:
		rule.ID = b.ID
	default:
		return v, fault.Field("id", i18n.T("Give id with change or remove, or rule.", "id と change または remove、もしくは rule を指定してください。"))
	}
	effects, forecasts, rs, err := s.Preview(ctx, rule, change)
	if err != nil {
		return v, err
	}
	v.Effects = []RetentionEffectView{}
	for _, e := range effects {
		v.Effects = append(v.Effects, RetentionEffectView{e.Signal.String(), e.Service, e.Env, string(e.State), e.From, e.To, e.Days, e.Rows, e.Bytes})
		v.Rows += e.Rows
		v.Bytes += e.Bytes
	}
	now, full, _, err := s.totals(ctx, rs, forecasts)
	v.FullBytes = full
	v.Fits = s.fits(now, full)
	return v, err
}

// totals adds up what all rules take, with the metrics.
func (s *Service) totals(ctx context.Context, rs Rules, forecasts map[string]Forecast) (now, full uint64, metrics MetricStore, err error) {
	if metrics, err = s.Metrics.Store(ctx); err != nil {
		return 0, 0, metrics, err
	}
	if !metrics.Elsewhere {
		f := Forecast{Bytes: metrics.Bytes, FullBytes: metrics.Bytes}
		if !metrics.Oldest.IsZero() {
			f.Oldest = metrics.Oldest.UTC().Format(time.DateOnly)
			// At least a day: what a first hour takes says little.
			days := max(s.Clock.Now().Sub(metrics.Oldest).Hours()/24, 1)
			f.DayBytes = uint64(float64(metrics.Bytes) / days)
			f.FullBytes = uint64(float64(f.DayBytes) * float64(rs.For(telemetry.Metrics, telemetry.Origin{}).WholeDays+1))
		}
		forecasts["metrics"] = f
	}
	for _, f := range forecasts {
		now += f.Bytes
		full += f.FullBytes
	}
	return now, full, metrics, nil
}

// fits says whether what is still to come has room, with a tenth of the disk left.
func (s *Service) fits(now, full uint64) bool {
	free, total := s.Disk()
	return total == 0 || full <= now || full-now+total/10 <= free
}

func (s *Service) view(ctx context.Context) (v RetentionView, err error) {
	rs, err := s.Rules(ctx)
	if err != nil {
		return v, err
	}
	facts, err := s.Facts(ctx)
	if err != nil {
		return v, err
	}
	forecasts := rs.forecasts(facts)
	var metrics MetricStore
	if v.Bytes, v.FullBytes, metrics, err = s.totals(ctx, rs, forecasts); err != nil {
		return v, err
	}
	if v.QuietHour, err = s.Store.QuietHour(ctx); err != nil {
		return v, err
	}
	v.FreeBytes, v.TotalBytes = s.Disk()
	v.Fits, v.MetricsElsewhere, v.RowsElsewhere = s.fits(v.Bytes, v.FullBytes), metrics.Elsewhere, v.TotalBytes == 0
	v.Rules, v.Warnings = []RuleForecast{}, []string{}
	lang := api.Lang(ctx)
	for _, r := range rs {
		w := wire(r)
		v.Rules = append(v.Rules, RuleForecast{w, api.ETag(w), ForecastView(forecasts[r.ID])})
	}
	if w := s.Working(); w.Day != "" {
		v.Working = &WorkView{w.Day, w.Signal.String(), w.Drop, w.Since}
	}
	if !v.Fits {
		v.Warnings = append(v.Warnings, i18n.F(
			"At this rate the rules will take %[1]s, %[2]s more than now, and only %[3]s are free. Shorten a rule, thin earlier, or make room.",
			"現在の受信量が続くと合計 %[1]s（現在より %[2]s 増）になりますが、空きは %[3]s です。保持期間を短くするか、間引きを早めるか、ディスクを増やしてください。",
			size(v.FullBytes), size(v.FullBytes-v.Bytes), size(v.FreeBytes)).In(lang))
	}
	if v.MetricsElsewhere {
		v.Warnings = append(v.Warnings, i18n.T(
			"Metrics are in a store of their own (metrics.url). It keeps them as long as its own settings say; Prometheus by --storage.tsdb.retention.time, Mimir and Thanos by their compactor.",
			"メトリクスは外部ストア（metrics.url）に保存されており、保持期間はそのストアの設定に従います（Prometheus は --storage.tsdb.retention.time、Mimir と Thanos は compactor の設定）。").In(lang))
	}
	return v, nil
}

func size(n uint64) string {
	for _, u := range []struct {
		of   uint64
		name string
	}{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}} {
		if n >= u.of {
			return fmt.Sprintf("%.3g %s", float64(n)/float64(u.of), u.name)
		}
	}
	return fmt.Sprintf("%.0f kB", float64(n)/1e3)
}
