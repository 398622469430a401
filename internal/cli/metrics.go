package cli

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yagura-sre/yagura/client"
	"github.com/yagura-sre/yagura/internal/i18n"
)

type metricsCmd struct {
	Query metricsQuery `cmd:"" help:"${query}"`
}

type metricsQuery struct {
	remote
	period
	Step   string   `help:"${step}" placeholder:"1m"`
	PromQL []string `arg:"" name:"promql" help:"${promql}"`
}

func (c metricsQuery) Run(s *session) error {
	api, err := c.open(s)
	if err != nil {
		return err
	}
	expr := strings.Join(c.PromQL, " ")
	if c.Step != "" {
		from, to := c.bounds()
		r, err := client.Do(api.QueryMetricsRangeWithResponse(s.ctx, &client.QueryMetricsRangeParams{Query: expr, From: from, To: to, Step: &c.Step}))
		if err != nil {
			return err
		}
		return c.show(s, r.JSON200)
	}
	r, err := client.Do(api.QueryMetricsWithResponse(s.ctx, &client.QueryMetricsParams{Query: expr}))
	if err != nil {
		return err
	}
	return c.show(s, r.JSON200)
}

// show prints the newest point of each series, or all of them with --step.
func (c metricsQuery) show(s *session, r *client.MetricResultBody) error {
	if c.JSON {
		return s.print(r)
	}
	for _, w := range r.Warnings {
		if _, err := fmt.Fprintln(s.Stderr, oneLine(w)); err != nil {
			return err
		}
	}
	if r.Text != nil {
		_, err := fmt.Fprintln(s.Stdout, oneLine(*r.Text))
		return err
	}
	if len(r.Series) == 0 {
		return s.nothing(i18n.T("No series matches. \"yagura metrics query '{__name__=~\\\".+\\\"}'\" lists what there is.",
			"一致する系列がありません。yagura metrics query '{__name__=~\".+\"}' で一覧を確認できます。"))
	}
	t := newTable(s.all(i18n.T("TIME", "時刻"), i18n.T("VALUE", "値"), i18n.T("SERIES", "系列"))...).numbers(1)
	for _, series := range r.Series {
		name := oneLine(seriesName(series.Labels))
		for _, p := range series.Points {
			if len(p) == 2 && p[0] != nil {
				t.row(c.at(time.UnixMilli(int64(*p[0]))), number(p[1]), name)
			}
		}
		if series.Infinite != nil {
			for _, p := range *series.Infinite {
				t.row(c.at(time.UnixMilli(p.TimeMs)), strconv.FormatFloat(math.Inf(int(p.Sign)), 'g', -1, 64), name)
			}
		}
		if series.Histograms != nil {
			for _, h := range *series.Histograms {
				t.row(c.at(time.UnixMilli(h.TimeMs)), "count "+number(h.Count)+", sum "+number(h.Sum), name)
			}
		}
	}
	return t.write(s.Stdout)
}

// number renders a value; JSON has no NaN and says null.
func number(v *float64) string {
	if v == nil {
		return "NaN"
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

// seriesName is a series as PromQL writes it.
func seriesName(labels map[string]string) string {
	var b strings.Builder
	b.WriteString(labels["__name__"])
	sep := "{"
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if k == "__name__" {
			continue
		}
		fmt.Fprintf(&b, "%s%s=%q", sep, k, labels[k])
		sep = ", "
	}
	if sep != "{" || b.Len() == 0 {
		if sep == "{" {
			b.WriteString("{")
		}
		b.WriteString("}")
	}
	return b.String()
}
