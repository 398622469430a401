package kit

import (
	"time"

	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// moment is when a collection was, and since when its sums count.
type moment struct{ since, at time.Time }

// set stamps the points of one metric; false when it is of a kind that it does not know.
func (m moment) set(data metricdata.Aggregation) bool {
	switch d := data.(type) {
	case metricdata.Gauge[int64]:
		points(d.DataPoints, m)
	case metricdata.Gauge[float64]:
		points(d.DataPoints, m)
	case metricdata.Sum[int64]:
		points(d.DataPoints, m)
	case metricdata.Sum[float64]:
		points(d.DataPoints, m)
	case metricdata.Histogram[int64]:
		histograms(d.DataPoints, m)
	case metricdata.Histogram[float64]:
		histograms(d.DataPoints, m)
	default:
		return false
	}
	return true
}

func points[N int64 | float64](ps []metricdata.DataPoint[N], m moment) {
	for i := range ps {
		ps[i].StartTime, ps[i].Time, ps[i].Exemplars = m.since, m.at, nil
	}
}

func histograms[N int64 | float64](ps []metricdata.HistogramDataPoint[N], m moment) {
	for i := range ps {
		ps[i].StartTime, ps[i].Time, ps[i].Exemplars = m.since, m.at, nil
	}
}
