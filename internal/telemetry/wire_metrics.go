package telemetry

import (
	"math"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// MetricNameRecord is a metric that can be asked for.
type MetricNameRecord struct {
	Name   string `json:"name" doc:"As a query says it."`
	Family string `json:"family" doc:"The metric it is a part of; for most, the name."`
	Type   string `json:"type" doc:"counter, gauge, histogram, summary, info or unknown."`
	Unit   string `json:"unit"`
	Help   string `json:"help"`
	Series uint64 `json:"series" doc:"How many series had samples lately."`
}

// MetricNamesBody lists metrics.
type MetricNamesBody struct {
	Items []MetricNameRecord `json:"items"`
	More  bool               `json:"more" doc:"There are more than were asked for."`
}

// MetricLabelsBody lists labels, or values of one.
type MetricLabelsBody struct {
	Items []string `json:"items"`
	More  bool     `json:"more" doc:"There are more than were asked for."`
}

// MetricResultBody is the answer to a query.
type MetricResultBody struct {
	Type     string               `json:"type" enum:"scalar,vector,matrix,string"`
	Series   []MetricSeriesRecord `json:"series"`
	Text     string               `json:"text,omitempty" doc:"Of a string."`
	StepNS   int64                `json:"step_ns,omitempty" doc:"The step that was taken, of a range query."`
	Warnings []string             `json:"warnings" doc:"Of the query engine, in English."`
}

// MetricSeriesRecord is one line of an answer.
type MetricSeriesRecord struct {
	Labels     map[string]string       `json:"labels" doc:"The name of the metric is __name__."`
	Points     Points                  `json:"points" doc:"[Unix milliseconds, value], oldest first; the value is null where it is no finite number."`
	Infinite   []InfinitePoint         `json:"infinite,omitempty" doc:"The points whose value is infinite."`
	Histograms []MetricHistogramRecord `json:"histograms,omitempty" doc:"Native histograms, oldest first."`
}

// InfinitePoint is a point that JSON has no number for.
type InfinitePoint struct {
	TimeMS int64 `json:"time_ms" doc:"Unix milliseconds."`
	Sign   int   `json:"sign" doc:"1 or -1."`
}

// MetricHistogramRecord is a native histogram at a time.
type MetricHistogramRecord struct {
	TimeMS  int64                `json:"time_ms" doc:"Unix milliseconds."`
	Count   *float64             `json:"count"`
	Sum     *float64             `json:"sum" doc:"null where it is no finite number."`
	Buckets []MetricBucketRecord `json:"buckets" doc:"Those that are not empty, ascending."`
}

// MetricBucketRecord is one bucket of a native histogram.
type MetricBucketRecord struct {
	Lower          *float64 `json:"lower" doc:"null without bound."`
	Upper          *float64 `json:"upper" doc:"null without bound."`
	LowerInclusive bool     `json:"lower_inclusive"`
	UpperInclusive bool     `json:"upper_inclusive"`
	Count          *float64 `json:"count"`
}

// Points are points on the wire, small and quick to write: [[ms, value], …].
type Points []MetricPoint

// MarshalJSON writes what is no finite number as null.
func (p Points) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 2+len(p)*24)
	b = append(b, '[')
	for i, point := range p {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		b = strconv.AppendInt(b, point.Time/1e6, 10)
		b = append(b, ',')
		if f := finite(point.Value); f == nil {
			b = append(b, "null"...)
		} else if a := math.Abs(*f); a != 0 && (a < 1e-6 || a >= 1e21) {
			b = strconv.AppendFloat(b, *f, 'e', -1, 64)
		} else {
			b = strconv.AppendFloat(b, *f, 'f', -1, 64)
		}
		b = append(b, ']')
	}
	return append(b, ']'), nil
}

// Schema tells the API's document what MarshalJSON writes.
func (Points) Schema(huma.Registry) *huma.Schema {
	two := 2
	return &huma.Schema{
		Type: huma.TypeArray,
		Items: &huma.Schema{
			Type: huma.TypeArray, MinItems: &two, MaxItems: &two,
			Items: &huma.Schema{Type: huma.TypeNumber, Format: "double", Nullable: true},
		},
	}
}

func finite(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

func newMetricResultBody(r *MetricResult) MetricResultBody {
	body := MetricResultBody{
		Type: r.Type, Text: r.Text, Warnings: r.Warnings,
		Series: records(r.Series, newMetricSeriesRecord),
	}
	if body.Warnings == nil {
		body.Warnings = []string{}
	}
	return body
}

func newMetricSeriesRecord(s *MetricSeries) MetricSeriesRecord {
	r := MetricSeriesRecord{Labels: attrMap(s.Labels), Points: s.Points}
	for _, p := range s.Points {
		if math.IsInf(p.Value, 0) {
			sign := 1
			if p.Value < 0 {
				sign = -1
			}
			r.Infinite = append(r.Infinite, InfinitePoint{TimeMS: p.Time / 1e6, Sign: sign})
		}
	}
	for _, h := range s.Histograms {
		r.Histograms = append(r.Histograms, MetricHistogramRecord{
			TimeMS: h.Time / 1e6, Count: finite(h.Count), Sum: finite(h.Sum),
			Buckets: records(h.Buckets, func(b *MetricBucket) MetricBucketRecord {
				return MetricBucketRecord{
					Lower: finite(b.Lower), Upper: finite(b.Upper),
					LowerInclusive: b.LowerInclusive, UpperInclusive: b.UpperInclusive, Count: finite(b.Count),
				}
			}),
		})
	}
	return r
}
