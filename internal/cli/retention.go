package cli

import (
	"fmt"
	"strconv"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// retentionCmd shows and changes how long telemetry is kept.
type retentionCmd struct {
	List retentionListCmd `cmd:"" default:"withargs" help:"${retention_list}"`
	Set  retentionSetCmd  `cmd:"" help:"${retention_set}"`
	Rm   retentionRmCmd   `cmd:"" help:"${retention_rm}"`
}

type retentionListCmd struct{ remote }

func (c retentionListCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	r, err := client.Do(api.GetRetentionWithResponse(s.ctx))
	if err != nil {
		return err
	}
	v := r.JSON200
	if c.JSON {
		return s.print(v)
	}
	t := newTable(s.all(i18n.T("ID", "ID"), i18n.T("SIGNAL", "シグナル"), i18n.T("SERVICE", "サービス"), i18n.T("ENV", "環境"), i18n.T("WHOLE", "完全保持"),
		i18n.T("THINNED", "間引き"), i18n.T("1 IN", "残す割合"), i18n.T("OLDEST", "最古"), i18n.T("NOW", "現在"), i18n.T("PER DAY", "1 日あたり"), i18n.T("IN FULL", "将来"))...).numbers(4, 5, 6, 8, 9, 10)
	days := func(n int64) string {
		if n == 0 {
			return "-"
		}
		return s.text(i18n.F("%d d", "%d 日", n))
	}
	for _, r := range v.Rules {
		all := func(name string) string {
			if name == "" {
				return s.text(i18n.T("(all)", "（すべて）"))
			}
			return oneLine(name)
		}
		share := "-"
		if r.ThinDays > 0 {
			share = strconv.FormatInt(r.OneIn, 10)
		}
		f := r.Forecast
		t.row(r.ID, string(r.Signal), all(r.Service), all(r.Env), days(r.WholeDays), days(r.ThinDays), share, f.Oldest,
			megabytes(int64(f.Bytes)), megabytes(int64(f.DayBytes)), megabytes(int64(f.FullBytes)))
	}
	if err := t.write(s.Stdout); err != nil {
		return err
	}
	for _, w := range v.Warnings {
		_, _ = fmt.Fprintf(s.Stderr, "! %s\n", clean(w))
	}
	return nil
}

// retentionSetCmd changes a rule, or adds one where there is none for the service and
// environment.
type retentionSetCmd struct {
	remote
	Signal  string `arg:"" enum:"logs,spans,metrics" help:"${retention_signal}"`
	Service string `help:"${retention_service}" placeholder:"NAME"`
	Env     string `help:"${only_env}" placeholder:"NAME"`
	Whole   *int64 `help:"${retention_whole}" placeholder:"DAYS"`
	Thin    *int64 `help:"${retention_thin}" placeholder:"DAYS"`
	OneIn   *int64 `help:"${retention_one_in}" placeholder:"N"`
	Yes     bool   `help:"${retention_yes}"`
}

func (c retentionSetCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	now, err := client.Do(api.GetRetentionWithResponse(s.ctx))
	if err != nil {
		return err
	}
	var was *client.RuleForecast
	for i, r := range now.JSON200.Rules {
		if string(r.Signal) == c.Signal && r.Service == c.Service && r.Env == c.Env {
			was = &now.JSON200.Rules[i]
		}
	}
	var asks client.PreviewBody
	change := client.RuleChangeBody{WholeDays: c.Whole, ThinDays: c.Thin, OneIn: c.OneIn}
	rule := client.NewRuleBody{Signal: client.NewRuleBodySignal(c.Signal), Service: &c.Service, Env: &c.Env, ThinDays: c.Thin, OneIn: c.OneIn}
	if was != nil {
		asks = client.PreviewBody{ID: &was.ID, Change: &change}
	} else {
		if c.Whole == nil {
			return fault.Field("--whole", i18n.T("A new rule needs the days that rows are kept whole: --whole 7.", "新しいルールには完全に保持する日数が必要です（例: --whole 7）。"))
		}
		rule.WholeDays = *c.Whole
		asks = client.PreviewBody{Rule: &rule}
	}
	p, err := client.Do(api.PreviewRetentionWithResponse(s.ctx, asks))
	if err != nil {
		return err
	}
	if !c.Yes && p.JSON200.Rows > 0 {
		if err := c.tell(s, p.JSON200); err != nil {
			return err
		}
		return fault.New(fault.Conflict, i18n.T("Nothing was changed. Say --yes to have it so.", "変更していません。実行するには --yes を付けてください。"))
	}
	if was != nil {
		r, err := client.Do(api.UpdateRetentionRuleWithResponse(s.ctx, was.ID, &client.UpdateRetentionRuleParams{IfMatch: &was.Etag}, change))
		if err != nil {
			return err
		}
		return c.done(s, *r.JSON200)
	}
	r, err := client.Do(api.CreateRetentionRuleWithResponse(s.ctx, rule))
	if err != nil {
		return err
	}
	return c.done(s, *r.JSON201)
}

// tell says what a change takes away.
func (c retentionSetCmd) tell(s *session, p *client.PreviewView) error {
	if c.JSON {
		return s.print(p)
	}
	t := newTable(s.all(i18n.T("SIGNAL", "シグナル"), i18n.T("SERVICE", "サービス"), i18n.T("ENV", "環境"), i18n.T("WHAT", "処理"), i18n.T("FROM", "開始"), i18n.T("TO", "終了"),
		i18n.T("ROWS", "行数"), i18n.T("FREED", "解放"))...).numbers(6, 7)
	for _, e := range p.Effects {
		what := i18n.T("deleted", "削除")
		if e.State == "thinned" {
			what = i18n.T("thinned", "間引き")
		}
		t.row(string(e.Signal), oneLine(e.Service), oneLine(e.Env), s.text(what), e.From, e.To, i18n.Group(uint64(e.Rows)), megabytes(int64(e.Bytes)))
	}
	return t.write(s.Stdout)
}

func (c retentionSetCmd) done(s *session, r client.RetentionRule) error {
	if c.JSON {
		return s.print(r)
	}
	_, err := fmt.Fprintln(s.Stdout, s.text(i18n.F("%[1]s: %[2]d days whole, then %[3]d days thinned.", "%[1]s: 完全に %[2]d 日、その後は間引いて %[3]d 日保持します。", r.ID, r.WholeDays, r.ThinDays)))
	return err
}

type retentionRmCmd struct {
	remote
	ID string `arg:"" help:"${retention_id}"`
}

func (c retentionRmCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	_, err = client.Do(api.DeleteRetentionRuleWithResponse(s.ctx, c.ID))
	return err
}
