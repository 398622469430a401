package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/clock"
	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
)

// rebuildCmd has figures computed anew from the rows, and tells how far that is.
type rebuildCmd struct {
	remote
	From    string   `help:"${rebuild_from}" placeholder:"TIME"`
	To      string   `help:"${to}" placeholder:"TIME"`
	What    []string `help:"${rebuild_what}" placeholder:"WHAT"`
	Reshape bool     `help:"${rebuild_reshape}"`
	Detach  bool     `help:"${rebuild_detach}"`
	List    bool     `help:"${rebuild_list}"`
	Cancel  string   `help:"${rebuild_cancel}" placeholder:"ID"`
}

// rebuildPoll is how often the server is asked how far it is.
const rebuildPoll = time.Second

func (c rebuildCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	switch {
	case c.List:
		r, err := client.Do(api.ListRebuildsWithResponse(s.ctx))
		if err != nil {
			return err
		}
		return c.list(s, r.JSON200.Items)
	case c.Cancel != "":
		_, err := client.Do(api.CancelRebuildWithResponse(s.ctx, c.Cancel))
		return err
	case c.From == "":
		return fault.Field("--from", i18n.T("Say from when on: --from=-24h, or a time.", "--from で開始時刻を指定してください（例: --from=-24h）。"))
	}
	body := client.RebuildBody{From: c.From, Reshape: &c.Reshape}
	if c.To != "" {
		body.To = &c.To
	}
	if len(c.What) > 0 {
		var what []client.RebuildBodyWhat
		for _, w := range c.What {
			what = append(what, client.RebuildBodyWhat(w))
		}
		body.What = &what
	}
	r, err := client.Do(api.StartRebuildWithResponse(s.ctx, body))
	if err != nil {
		return err
	}
	id := r.JSON202.ID
	if c.Detach {
		if c.JSON {
			return s.print(r.JSON202)
		}
		_, err := fmt.Fprintln(s.Stdout, id)
		return err
	}
	return c.follow(s, api, id)
}

// follow tells how far a rebuilding is until it has ended. Ctrl-C ends the telling alone.
func (c rebuildCmd) follow(s *session, api *client.ClientWithResponses, id string) error {
	last := -1
	told := ""
	for {
		r, err := client.Do(api.ListRebuildsWithResponse(s.ctx))
		if err != nil {
			return err
		}
		for _, b := range r.JSON200.Items {
			if b.ID != id {
				continue
			}
			if percent := int(b.Done * 100); !c.JSON && (percent != last || b.Error != told) {
				last, told = percent, b.Error
				line := fmt.Sprintf("%3d %%  %d", percent, b.Rows) + " " + i18n.T("rows", "行").In(s.lang)
				if b.Error != "" {
					line += "  " + oneLine(b.Error)
				}
				if _, err := fmt.Fprintln(s.Stderr, line); err != nil {
					return err
				}
			}
			if b.Finished == nil {
				continue
			}
			if c.JSON {
				return s.print(b)
			}
			if b.Cancelled {
				return fault.New(fault.Conflict, i18n.T("The rebuilding was cancelled.", "再計算は取り消されました。"))
			}
			return nil
		}
		select {
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-clock.Real{}.After(rebuildPoll):
		}
	}
}

func (c rebuildCmd) list(s *session, all []client.RebuildView) error {
	if c.JSON {
		return s.print(all)
	}
	if len(all) == 0 {
		return s.nothing(i18n.T("Nothing has been rebuilt yet.", "再計算の履歴はありません。"))
	}
	t := newTable(s.all(i18n.T("ID", "ID"), i18n.T("FROM", "開始"), i18n.T("TO", "終了"), i18n.T("DONE", "進捗"), i18n.T("ROWS", "行数"), i18n.T("STATE", "状態"))...).numbers(3, 4)
	for _, b := range all {
		state := i18n.T("running", "実行中")
		switch {
		case b.Cancelled:
			state = i18n.T("cancelled", "取り消し済み")
		case b.Finished != nil:
			state = i18n.T("done", "完了")
		case b.Error != "":
			state = i18n.F("trying again: %s", "再試行中: %s", oneLine(b.Error))
		}
		t.row(b.ID, c.at(b.From), c.at(b.To), strconv.Itoa(int(b.Done*100))+" %", strconv.FormatUint(uint64(b.Rows), 10), state.In(s.lang))
	}
	return t.write(s.Stdout)
}
