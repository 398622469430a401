package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/yagura-sre/yagura/demo"
	"github.com/yagura-sre/yagura/internal/app"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type demoCmd struct {
	serveCmd
	Rate       int           `help:"${rate}" default:"5"`
	Seed       uint64        `help:"${seed}" default:"1"`
	Flaws      string        `help:"${flaws}" placeholder:"ID,...|all|none"`
	Backfill   time.Duration `help:"${backfill}" default:"48h"`
	NoBackfill bool          `help:"${no_backfill}" name:"no-backfill"`
	Speed      float64       `help:"${speed}" default:"0"`
	Admin      string        `help:"${demo_admin}" placeholder:"127.0.0.1:0"`
}

// recent is the end of the history that is made first: what the first page shows.
const recent = 75 * time.Minute

// lead is how much older than the history a data point may be, for the time that it takes
// to bring it.
const lead = 12 * time.Hour

// Run starts the server, gives it a history, and then a shop that sends to it.
func (c demoCmd) Run(s *session) error {
	flaws, err := demo.ParseFlaws(c.Flaws)
	if err != nil {
		return fault.Field("--flaws", i18n.F("%s.", "指定できない欠陥です：%s", err))
	}
	if c.Backfill < 0 || c.Backfill > 14*24*time.Hour {
		return fault.Field("--backfill", i18n.T("Give a duration from 0 to 336h; older rows would not be kept.", "0 から 336h までの時間を指定してください。それより古いデータは保持されません。"))
	}
	cfg, err := c.load(s)
	if err != nil {
		return err
	}
	if cfg.DataDir, err = filepath.Abs(cfg.DataDir); err != nil {
		return err
	}
	// Its own metrics are of now, after which the store takes no history of two days.
	cfg.Self.Enabled = false
	mark := filepath.Join(cfg.DataDir, "demo.json")
	past, fresh, err := lookBack(mark)
	if err != nil {
		return err
	}
	c.NoBackfill = c.NoBackfill || c.Backfill == 0
	old := time.Duration(0)
	if fresh && !c.NoBackfill {
		old = c.Backfill + lead
	}
	a, stop, err := start(s, cfg, old)
	if err != nil {
		return err
	}
	if err := c.serveShop(s, a, flaws, mark, past, fresh); err != nil && s.ctx.Err() == nil {
		return errors.Join(err, stop())
	}
	return stop()
}

// history is what a data folder remembers of the demo's past.
type history struct {
	From     time.Time         `json:"from"`
	To       time.Time         `json:"to"`
	Complete bool              `json:"complete"`
	Versions map[string]string `json:"versions,omitempty"`
}

// lookBack reads what was brought before. fresh says that the folder holds nothing yet:
// a store of metrics takes no past beside a present.
func lookBack(mark string) (past *history, fresh bool, err error) {
	raw, err := os.ReadFile(mark)
	switch {
	case err == nil:
		past = &history{}
		if err := json.Unmarshal(raw, past); err != nil {
			return nil, false, fmt.Errorf("%s: %w", mark, err)
		}
		return past, false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, false, err
	}
	_, err = os.Stat(filepath.Join(filepath.Dir(mark), "state.db"))
	return nil, errors.Is(err, fs.ErrNotExist), nil
}

func (h history) write(mark string) error {
	raw, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(mark, append(raw, '\n'), 0o600)
}

func (c demoCmd) serveShop(s *session, a *app.App, flaws []string, mark string, past *history, fresh bool) error {
	if err := greet(s, a); err != nil {
		return err
	}
	token, revoke, err := a.DemoToken(s.ctx)
	if err != nil {
		return err
	}
	defer revoke()
	_, endpoint := a.OTLP()
	o := demo.Options{Endpoint: endpoint, Token: token, Rate: c.Rate, Seed: c.Seed, Flaws: flaws}
	say := func(t i18n.Text) { _, _ = fmt.Fprintln(s.Stdout, s.text(t)) }
	switch {
	case past != nil:
		say(i18n.F("  This data folder has the demo's history from %s to %s already; it is not made again.", "  このデータフォルダーにはデモの履歴（%s 〜 %s）がすでにあります。再作成しません。", day(past.From), day(past.To)))
		if !past.Complete {
			say(i18n.T("  It was interrupted and stays in part. For a whole one, start with an empty --data-dir.", "  作成は途中で中断されています。すべて作り直すには、空の --data-dir で起動してください。"))
		}
		o.Versions = past.Versions
	case c.NoBackfill:
	case !fresh:
		say(i18n.T("  This data folder has data already, so the demo brings no history of its own. For one, start with an empty --data-dir.",
			"  このデータフォルダーにはすでにデータがあるため、デモの履歴は作成しません。作成するには、空の --data-dir で起動してください。"))
	default:
		versions, err := c.bring(s, o, mark)
		if err != nil {
			return err
		}
		o.Versions = versions
	}
	shop, err := demo.Open(s.ctx, o)
	if err != nil {
		return err
	}
	admin, stopAdmin, err := shop.ListenAdmin(c.Admin)
	if err != nil {
		return errors.Join(err, shop.Close(context.WithoutCancel(s.ctx)))
	}
	defer stopAdmin()
	say(i18n.F("  The demo shop is open; what happens from now on comes live.\n  Its flaws  %s/flaws  (GET tells them, POST {\"on\":[],\"off\":[]} switches and releases)\n",
		"  デモショップが開店しました。これからのデータはリアルタイムに届きます。\n  欠陥の切替  %s/flaws （GET で一覧、POST {\"on\":[],\"off\":[]} で切り替えてリリース）\n", admin))
	shop.Run(s.ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 5*time.Second)
	defer cancel()
	_ = shop.Close(closing) // what does not go out in time stays out
	return nil
}

func day(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// bring makes the history, tells how far it is, and remembers that it was made.
func (c demoCmd) bring(s *session, o demo.Options, mark string) (versions map[string]string, err error) {
	now := clock.Real{}.Now
	began := now()
	to := began.Add(-30 * time.Second)
	h := history{From: to.Add(-c.Backfill), To: to}
	// Half a history must not be taken for none and doubled.
	if err := h.write(mark); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintln(s.Stdout, s.text(i18n.F("  Making the history of the last %s; the last hour comes first.", "  過去 %s 分の履歴を作成しています。直近 1 時間から順に表示されます。", spell(c.Backfill, s.lang))))
	told := -1
	made, err := demo.Backfill(s.ctx, o, demo.History{
		From: h.From, To: h.To, Speed: c.Speed, Recent: min(recent, c.Backfill/2),
		Progress: func(p demo.Progress) {
			if part := int(p.Part * 10); part > told {
				told = part
				_, _ = fmt.Fprintln(s.Stdout, s.text(i18n.F("  %3d %%  %s  %d spans, %d logs, %s", "  %3d %%  %s  スパン %d 件、ログ %d 件、%s",
					min(100, int(p.Part*100)), day(p.At), p.Spans, p.Logs, now().Sub(began).Round(time.Second))))
			}
		},
	})
	if err == nil {
		// What has passed meanwhile, so that the present joins on.
		made, err = demo.CatchUp(s.ctx, o, made, now().Add(-2*time.Second))
	}
	if err != nil {
		return nil, err
	}
	h.To, h.Complete, h.Versions = made.To, true, made.Versions
	_, _ = fmt.Fprintln(s.Stdout, s.text(i18n.F("  The history is there: %d spans and %d logs in %s.\n", "  履歴を作成しました：スパン %d 件、ログ %d 件、所要時間 %s。\n",
		made.Spans, made.Logs, now().Sub(began).Round(time.Second))))
	return made.Versions, h.write(mark)
}

// spell is a stretch of days or hours in words.
func spell(d time.Duration, lang i18n.Lang) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return i18n.F("%d days", "%d 日", int(d/(24*time.Hour))).In(lang)
	}
	return i18n.F("%s", "%s", d).In(lang)
}
