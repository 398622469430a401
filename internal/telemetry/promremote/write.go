package promremote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/metadata"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/storage"

	"github.com/yagura-sre/yagura/internal/fault"
	"github.com/yagura-sre/yagura/internal/i18n"
	"github.com/yagura-sre/yagura/internal/telemetry"
	"github.com/yagura-sre/yagura/internal/telemetry/prom"
)

// oldest is how far back a sample may be: what is older has no time at all.
const oldest = 366 * 24 * time.Hour

// Write sends all samples of the frames. A repetition sends them again, which changes
// nothing on the other side.
func (s *Store) Write(ctx context.Context, signal telemetry.Signal, _ string, frames [][]byte) error {
	if err := prom.OnlyMetrics(signal); err != nil {
		return err
	}
	now := s.o.Clock.Now()
	var c collector
	for _, frame := range frames {
		md, err := prom.Decode(frame)
		if err != nil {
			return err
		}
		if err := prom.Convert(ctx, md, now.Add(-oldest), now.Add(prom.MaxAhead), &c, nil); err != nil {
			return err
		}
	}
	for _, one := range c.series {
		s.catalog.Put(one.family, one.meta)
	}
	for batch := range c.batches(s.o.Batch) {
		if err := s.send(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// collector is an appender that keeps the samples by series.
type collector struct {
	series []*series
	by     map[string]*series
}

type series struct {
	ls        labels.Labels
	family    string
	meta      metadata.Metadata
	samples   []sample
	exemplars []exemplar.Exemplar
}

type sample struct {
	t  int64
	v  float64
	h  *histogram.Histogram
	fh *histogram.FloatHistogram
}

func (c *collector) Append(_ storage.SeriesRef, ls labels.Labels, _, t int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	if h != nil {
		if err := h.Validate(); err != nil {
			return 0, err
		}
	}
	key := string(ls.Bytes(nil))
	one := c.by[key]
	if one == nil {
		if c.by == nil {
			c.by = map[string]*series{}
		}
		one = &series{ls: ls}
		c.by[key] = one
		c.series = append(c.series, one)
	}
	one.family, one.meta = opts.MetricFamilyName, opts.Metadata
	one.samples = append(one.samples, sample{t, v, h, fh})
	for _, e := range opts.Exemplars {
		e.Labels = e.Labels.WithoutEmpty()
		one.exemplars = append(one.exemplars, e)
	}
	return 0, nil
}

func (c *collector) Commit() error   { return nil }
func (c *collector) Rollback() error { return nil }

// batches are the series in parts of about n samples; a series' samples are oldest first
// and each time comes once.
func (c *collector) batches(n int) func(yield func([]*series) bool) {
	return func(yield func([]*series) bool) {
		var batch []*series
		count := 0
		for _, one := range c.series {
			slices.SortStableFunc(one.samples, func(a, b sample) int { return int(max(-1, min(1, a.t-b.t))) })
			one.samples = slices.CompactFunc(one.samples, func(a, b sample) bool { return a.t == b.t && a.v == b.v })
			batch, count = append(batch, one), count+len(one.samples)
			if count >= n {
				if !yield(batch) {
					return
				}
				batch, count = nil, 0
			}
		}
		if count > 0 {
			yield(batch)
		}
	}
}

func (s *Store) send(ctx context.Context, batch []*series) error {
	if !s.old.Load() {
		again, err := s.post(ctx, encodeV2(batch), "application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0")
		if !again {
			return err
		}
		s.o.Log.Info("the remote store of metrics does not know remote write 2.0; using 1.0", "url", s.write.Redacted())
		s.old.Store(true)
	}
	again, err := s.post(ctx, encodeV1(batch), "application/x-protobuf", "0.1.0")
	if again {
		return errAway(err, 30*time.Second)
	}
	return err
}

// post sends a message; again says that the other side did not understand this version.
func (s *Store) post(ctx context.Context, message []byte, kind, version string) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.write.String(), bytes.NewReader(s2.EncodeSnappy(nil, message)))
	if err != nil {
		return false, fault.Of(err)
	}
	for k, v := range s.o.Header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("X-Prometheus-Remote-Write-Version", version)
	req.Header.Set("User-Agent", "yagura")
	resp, err := s.o.Client.Do(req)
	if err != nil {
		return false, errAway(err, 5*time.Second)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	body := strings.TrimSpace(strings.ToValidUTF8(string(data), "\uFFFD"))
	switch code := resp.StatusCode; {
	case code < 300:
		// A server of 1.0 takes any protobuf for its own; one of 2.0 says what it wrote.
		if version == "2.0.0" && resp.Header.Get("X-Prometheus-Remote-Write-Samples-Written") == "" &&
			resp.Header.Get("X-Prometheus-Remote-Write-Histograms-Written") == "" {
			return true, nil
		}
		return false, nil
	case code == http.StatusUnsupportedMediaType:
		return true, fmt.Errorf("promremote: %s: %s", resp.Status, body)
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		return false, fault.Wrap(fmt.Errorf("promremote: %s", resp.Status), fault.Invalid, i18n.F(
			"The remote store of metrics refuses it: %s", "リモートのメトリクスストアに拒否されました: %s", body))
	default:
		return false, errStatus(resp, body)
	}
}

func encodeV2(batch []*series) []byte {
	symbols := writev2.NewSymbolTable()
	req := writev2.Request{Timeseries: make([]writev2.TimeSeries, 0, len(batch))}
	for _, one := range batch {
		ts := writev2.TimeSeries{
			LabelsRefs: symbols.SymbolizeLabels(one.ls, nil),
			Metadata: writev2.Metadata{
				Type:    writev2.FromMetadataType(one.meta.Type),
				HelpRef: symbols.Symbolize(one.meta.Help),
				UnitRef: symbols.Symbolize(one.meta.Unit),
			},
		}
		for _, p := range one.samples {
			switch {
			case p.h != nil:
				ts.Histograms = append(ts.Histograms, writev2.FromIntHistogram(0, p.t, p.h))
			case p.fh != nil:
				ts.Histograms = append(ts.Histograms, writev2.FromFloatHistogram(0, p.t, p.fh))
			default:
				ts.Samples = append(ts.Samples, writev2.Sample{Value: p.v, Timestamp: p.t})
			}
		}
		for _, e := range one.exemplars {
			ts.Exemplars = append(ts.Exemplars, writev2.Exemplar{
				LabelsRefs: symbols.SymbolizeLabels(e.Labels, nil), Value: e.Value, Timestamp: e.Ts})
		}
		req.Timeseries = append(req.Timeseries, ts)
	}
	req.Symbols = symbols.Symbols()
	data, err := req.Marshal()
	if err != nil {
		panic(err) // gogo's generated code fails for nothing that is built here
	}
	return data
}

func encodeV1(batch []*series) []byte {
	req := prompb.WriteRequest{Timeseries: make([]prompb.TimeSeries, 0, len(batch))}
	families := map[string]bool{}
	for _, one := range batch {
		ts := prompb.TimeSeries{Labels: prompb.FromLabels(one.ls, nil)}
		for _, p := range one.samples {
			switch {
			case p.h != nil:
				ts.Histograms = append(ts.Histograms, prompb.FromIntHistogram(p.t, p.h))
			case p.fh != nil:
				ts.Histograms = append(ts.Histograms, prompb.FromFloatHistogram(p.t, p.fh))
			default:
				ts.Samples = append(ts.Samples, prompb.Sample{Value: p.v, Timestamp: p.t})
			}
		}
		for _, e := range one.exemplars {
			ts.Exemplars = append(ts.Exemplars, prompb.Exemplar{Labels: prompb.FromLabels(e.Labels, nil), Value: e.Value, Timestamp: e.Ts})
		}
		req.Timeseries = append(req.Timeseries, ts)
		if one.family != "" && !families[one.family] {
			families[one.family] = true
			req.Metadata = append(req.Metadata, prompb.MetricMetadata{
				Type: prompb.FromMetadataType(one.meta.Type), MetricFamilyName: one.family, Help: one.meta.Help, Unit: one.meta.Unit})
		}
	}
	data, err := req.Marshal()
	if err != nil {
		panic(err)
	}
	return data
}
