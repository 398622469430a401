package cli

import (
	"fmt"
	"strings"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type traceCmd struct {
	remote
	ID string `arg:"" name:"trace-id" help:"${trace_id}"`
}

// barWidth is how many cells of a terminal the time of a whole trace takes.
const barWidth = 40

func (c traceCmd) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	r, err := client.Do(api.GetTraceWithResponse(s.ctx, c.ID))
	if err != nil {
		return err
	}
	if c.JSON {
		return s.print(r.JSON200)
	}
	v := r.JSON200
	_, err = fmt.Fprintln(s.Stdout, s.text(i18n.F(
		"Trace %s · %s · %s · %d spans · %d logs", "トレース %s ・ %s ・ %s ・ スパン %d 件 ・ ログ %d 件",
		v.TraceID, c.at(v.Time), duration(float64(v.DurationNs)), len(v.Spans), v.LogCount)))
	if err != nil {
		return err
	}
	for _, n := range v.Notes {
		if _, err := fmt.Fprintln(s.Stdout, "  * "+oneLine(n)); err != nil {
			return err
		}
	}
	t := newTable(s.all(i18n.T("TIMELINE (█ critical path)", "タイムライン（█ クリティカルパス）"), i18n.T("TIME", "時間"), i18n.T("SELF", "自身"), i18n.T("SPAN", "スパン"))...).numbers(1, 2)
	for _, sp := range v.Spans {
		t.row(bar(sp, v.DurationNs), duration(float64(sp.DurationNs)), duration(float64(sp.SelfNs)), spanLabel(sp))
	}
	return t.write(s.Stdout)
}

func spanLabel(sp client.TraceSpan) string {
	label := strings.Repeat("  ", int(sp.Depth)) + sp.Service + "  " + sp.Name
	if sum := client.Text(sp.Summary); sum != "" && sum != sp.Name {
		label += "  " + sum
	}
	if sp.Error != nil && *sp.Error {
		label += "  ! " + client.Text(sp.Message)
	}
	return oneLine(strings.ReplaceAll(label, "\n", " "))
}

// bar draws where a span lies in its trace; its parts on the critical path are solid.
func bar(sp client.TraceSpan, whole int64) string {
	cells := []rune(strings.Repeat("·", barWidth))
	if whole <= 0 {
		return string(cells)
	}
	paint := func(from, to int64, with rune) {
		a := int(from * barWidth / whole)
		b := int((to*barWidth + whole - 1) / whole)
		for i := max(a, 0); i < min(max(b, a+1), barWidth); i++ {
			cells[i] = with
		}
	}
	paint(sp.StartNs, sp.StartNs+sp.DurationNs, '░')
	if sp.Critical != nil {
		for _, seg := range *sp.Critical {
			if len(seg) == 2 && seg[1] > seg[0] {
				paint(seg[0], seg[1], '█')
			}
		}
	}
	return string(cells)
}
