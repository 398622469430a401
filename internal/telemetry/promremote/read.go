package promremote

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/prom"
)

// maxAnswer is how much of an answer is read; what is longer is refused.
const maxAnswer = 64 << 20

// Query evaluates expr at one instant.
func (s *Store) Query(ctx context.Context, expr string, at time.Time) (telemetry.MetricResult, error) {
	if err := prom.CheckQuery(expr); err != nil {
		return telemetry.MetricResult{}, err
	}
	return s.eval(ctx, "query", expr, url.Values{"query": {expr}, "time": {stamp(at)}})
}

// QueryRange evaluates expr at every step of a range.
func (s *Store) QueryRange(ctx context.Context, expr string, r telemetry.Range, step time.Duration) (telemetry.MetricResult, error) {
	if err := prom.CheckQueryRange(expr, r, step); err != nil {
		return telemetry.MetricResult{}, err
	}
	return s.eval(ctx, "query_range", expr, url.Values{
		"query": {expr}, "start": {stamp(r.From)}, "end": {stamp(r.To)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)}})
}

func (s *Store) eval(ctx context.Context, path, expr string, form url.Values) (telemetry.MetricResult, error) {
	var data struct {
		ResultType string
		Result     json.RawMessage
	}
	warnings, err := s.ask(ctx, path, form, &data)
	if err != nil {
		return telemetry.MetricResult{}, err
	}
	out := telemetry.MetricResult{Type: data.ResultType, Series: []telemetry.MetricSeries{}, Warnings: warnings}
	switch data.ResultType {
	case "scalar":
		var v model.Scalar
		err = json.Unmarshal(data.Result, &v)
		out.Series = append(out.Series, telemetry.MetricSeries{Labels: []telemetry.Attr{},
			Points: []telemetry.MetricPoint{{Time: prom.Nanos(int64(v.Timestamp)), Value: float64(v.Value)}}})
	case "string":
		var v model.String
		err = json.Unmarshal(data.Result, &v)
		out.Text = v.Value
	case "vector":
		var v model.Vector
		err = json.Unmarshal(data.Result, &v)
		for _, x := range v {
			one := telemetry.MetricSeries{Labels: attrs(model.LabelSet(x.Metric))}
			if x.Histogram != nil {
				one.Histograms = []telemetry.MetricHistogramPoint{histogramPoint(x.Timestamp, x.Histogram)}
			} else {
				one.Points = []telemetry.MetricPoint{{Time: prom.Nanos(int64(x.Timestamp)), Value: float64(x.Value)}}
			}
			out.Series = append(out.Series, one)
		}
		if !prom.Ordered(expr) {
			prom.SortSeries(out.Series)
		}
	case "matrix":
		var v model.Matrix
		err = json.Unmarshal(data.Result, &v)
		for _, x := range v {
			one := telemetry.MetricSeries{Labels: attrs(model.LabelSet(x.Metric))}
			for _, p := range x.Values {
				one.Points = append(one.Points, telemetry.MetricPoint{Time: prom.Nanos(int64(p.Timestamp)), Value: float64(p.Value)})
			}
			for _, p := range x.Histograms {
				one.Histograms = append(one.Histograms, histogramPoint(p.Timestamp, p.Histogram))
			}
			out.Series = append(out.Series, one)
		}
		prom.SortSeries(out.Series)
	default:
		err = fmt.Errorf("result of type %q", data.ResultType)
	}
	if err != nil {
		return telemetry.MetricResult{}, errAway(fmt.Errorf("promremote: %w", err), 5*time.Second)
	}
	return out, nil
}

// Names lists the metrics of which there are samples now.
func (s *Store) Names(ctx context.Context, match string, limit int) ([]telemetry.MetricName, bool, error) {
	if err := s.learn(ctx); err != nil {
		return nil, false, err
	}
	selector := `{__name__!=""}`
	if match != "" {
		selector = fmt.Sprintf("{__name__=~%q}", "(?i).*"+regexp.QuoteMeta(match)+".*")
	}
	now := s.o.Clock.Now()
	counts := map[string]uint64{}
	res, err := s.Query(ctx, "count by (__name__) ("+selector+")", now)
	switch {
	case err == nil:
		for _, one := range res.Series {
			if name, ok := telemetry.Get(one.Labels, model.MetricNameLabel); ok && len(one.Points) == 1 {
				counts[name] = uint64(one.Points[0].Value)
			}
		}
	case fault.Is(err, fault.TooLarge), fault.Is(err, fault.Timeout) && ctx.Err() == nil:
		// Too many series to be counted; their names are there all the same.
		names, err := s.LabelValues(ctx, model.MetricNameLabel, telemetry.Range{From: now.Add(-time.Hour), To: now}, []string{selector})
		if err != nil {
			return nil, false, err
		}
		for _, name := range names {
			counts[name] = 0
		}
	default:
		return nil, false, err
	}
	out := make([]telemetry.MetricName, 0, len(counts))
	for name, n := range counts {
		one := s.catalog.Describe(name)
		one.Series = n
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b telemetry.MetricName) int { return cmp.Compare(a.Name, b.Name) })
	if len(out) > limit {
		return out[:limit], true, nil
	}
	return out, false, nil
}

// learn takes up what the other side knows of its metrics. Not every server says.
func (s *Store) learn(ctx context.Context) error {
	var data map[string][]struct{ Type, Unit, Help string }
	_, err := s.ask(ctx, "metadata", url.Values{}, &data)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		s.o.Log.Debug("the remote store of metrics does not describe them", "error", err)
		return nil
	}
	for family, all := range data {
		if len(all) > 0 {
			m := metadata.Metadata{Type: model.MetricType(all[0].Type), Unit: all[0].Unit, Help: all[0].Help}
			if known := s.catalog.Describe(family); known.Kind == telemetry.KindUnknown {
				s.catalog.Put(family, m)
			}
		}
	}
	return nil
}

// LabelNames lists the labels of the series that match.
func (s *Store) LabelNames(ctx context.Context, r telemetry.Range, selectors []string) ([]string, error) {
	return s.list(ctx, "labels", r, selectors)
}

// LabelValues lists the values of a label.
func (s *Store) LabelValues(ctx context.Context, label string, r telemetry.Range, selectors []string) ([]string, error) {
	if !model.LegacyValidation.IsValidLabelName(label) {
		label = model.EscapeName(label, model.ValueEncodingEscaping)
	}
	return s.list(ctx, "label/"+url.PathEscape(label)+"/values", r, selectors)
}

func (s *Store) list(ctx context.Context, path string, r telemetry.Range, selectors []string) ([]string, error) {
	if _, err := prom.Selectors(selectors); err != nil {
		return nil, err
	}
	out := []string{}
	if _, err := s.ask(ctx, path, within(r, selectors), &out); err != nil {
		return nil, err
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Series lists the series that match.
func (s *Store) Series(ctx context.Context, r telemetry.Range, selectors []string, limit int) ([][]telemetry.Attr, bool, error) {
	if len(selectors) == 0 {
		return nil, false, fault.Field("match", i18n.T("Name at least one selector.", "セレクターを 1 つ以上指定してください。"))
	}
	if _, err := prom.Selectors(selectors); err != nil {
		return nil, false, err
	}
	form := within(r, selectors)
	form.Set("limit", strconv.Itoa(limit+1))
	var data []model.LabelSet
	if _, err := s.ask(ctx, "series", form, &data); err != nil {
		return nil, false, err
	}
	out := make([][]telemetry.Attr, 0, len(data))
	for _, ls := range data {
		out = append(out, attrs(ls))
	}
	slices.SortFunc(out, prom.CompareAttrs)
	if len(out) > limit {
		return out[:limit], true, nil
	}
	return out, false, nil
}

// Exemplars lists the exemplars of the series in expr.
func (s *Store) Exemplars(ctx context.Context, expr string, r telemetry.Range) ([]telemetry.MetricExemplars, error) {
	if err := prom.CheckQuery(expr); err != nil {
		return nil, err
	}
	var data []struct {
		SeriesLabels model.LabelSet
		Exemplars    []struct {
			Labels    model.LabelSet
			Value     model.SampleValue
			Timestamp model.Time
		}
	}
	form := within(r, nil)
	form.Set("query", expr)
	if _, err := s.ask(ctx, "query_exemplars", form, &data); err != nil {
		return nil, err
	}
	out := []telemetry.MetricExemplars{}
	for _, d := range data {
		one := telemetry.MetricExemplars{Labels: attrs(d.SeriesLabels)}
		for _, x := range d.Exemplars {
			one.Exemplars = append(one.Exemplars, telemetry.MetricExemplar{
				Time: prom.Nanos(int64(x.Timestamp)), Value: float64(x.Value), Labels: attrs(x.Labels)})
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b telemetry.MetricExemplars) int { return prom.CompareAttrs(a.Labels, b.Labels) })
	return out, nil
}

// ask calls the query API and reads the data of its answer.
func (s *Store) ask(ctx context.Context, path string, form url.Values, data any) (warnings []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	u := s.base.JoinPath("api/v1")
	method, body := http.MethodGet, ""
	switch path {
	case "query", "query_range", "labels", "series", "query_exemplars": // may be long
		method, body = http.MethodPost, form.Encode()
		u = u.JoinPath(path)
	default:
		u = u.JoinPath(path)
		u.RawQuery = form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, fault.Of(err)
	}
	for k, v := range s.o.Header {
		req.Header[k] = v
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("User-Agent", "yagura")
	resp, err := s.o.Client.Do(req)
	if err == nil {
		defer resp.Body.Close()
		var raw []byte
		if raw, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1)); err == nil {
			return answer(resp, raw, data)
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil, prom.QueryFault(err)
	}
	return nil, errAway(err, 5*time.Second)
}

func answer(resp *http.Response, raw []byte, data any) ([]string, error) {
	if len(raw) > maxAnswer {
		return nil, fault.New(fault.TooLarge, i18n.F(
			"The answer is longer than %d MB. Name more labels, or ask for a shorter range.",
			"結果が %d MB を超えています。ラベルで絞り込むか、期間を短くしてください。", maxAnswer>>20))
	}
	var a struct {
		Status, ErrorType, Error string
		Data                     json.RawMessage
		Warnings, Infos          []string
	}
	if err := json.Unmarshal(raw, &a); err != nil || a.Status == "" {
		return nil, errStatus(resp, string(bytes.ToValidUTF8(raw[:min(len(raw), 500)], []byte("\uFFFD"))))
	}
	if a.Status != "success" {
		err := errors.New(a.Error)
		switch {
		case a.ErrorType == "timeout":
			return nil, prom.ErrTimeout(err)
		case strings.Contains(a.Error, "too many samples"), resp.StatusCode == http.StatusRequestEntityTooLarge:
			return nil, fault.Wrap(err, fault.TooLarge, i18n.T(
				"The query would load too many samples. Name more labels, or ask for a shorter range.",
				"クエリーが読み込むサンプルが多すぎます。ラベルで絞り込むか、期間を短くしてください。"))
		case a.ErrorType == "bad_data", a.ErrorType == "execution":
			return nil, prom.ErrQuery(err)
		}
		return nil, errStatus(resp, a.Error)
	}
	if err := json.Unmarshal(a.Data, data); err != nil {
		return nil, errAway(fmt.Errorf("promremote: %w", err), 5*time.Second)
	}
	return append(a.Warnings, a.Infos...), nil
}

// within are the parameters of a half-open range; Prometheus' ends are both in.
func within(r telemetry.Range, selectors []string) url.Values {
	v := url.Values{"start": {stamp(r.From)}, "end": {stamp(r.To.Add(-time.Millisecond))}}
	for _, s := range selectors {
		v.Add("match[]", s)
	}
	return v
}

func stamp(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

func attrs(ls model.LabelSet) []telemetry.Attr {
	out := make([]telemetry.Attr, 0, len(ls))
	for k, v := range ls {
		out = append(out, telemetry.Attr{Key: string(k), Value: string(v)})
	}
	slices.SortFunc(out, func(a, b telemetry.Attr) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

func histogramPoint(t model.Time, h *model.SampleHistogram) telemetry.MetricHistogramPoint {
	out := telemetry.MetricHistogramPoint{Time: prom.Nanos(int64(t)), Count: float64(h.Count), Sum: float64(h.Sum)}
	for _, b := range h.Buckets {
		out.Buckets = append(out.Buckets, telemetry.MetricBucket{
			Lower: float64(b.Lower), Upper: float64(b.Upper), Count: float64(b.Count),
			LowerInclusive: b.Boundaries == 1 || b.Boundaries == 3, UpperInclusive: b.Boundaries == 0 || b.Boundaries == 3})
	}
	return out
}
