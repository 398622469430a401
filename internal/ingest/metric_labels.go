package ingest

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// reserved are the labels that say which metric and which process a series is of: the
// store makes them from the metric's name and the resource, over any attribute.
var reserved = []string{"__name__", "instance", "job"}

// exportReserved moves attributes of a data point out of the way of labels that would
// overwrite them, to the name that Prometheus gives such a label when it scrapes one:
// exported_job, and exported_exported_job when there is that. It says which attribute
// it was, the last one of several.
func exportReserved(attrs pcommon.Map, kind pmetric.MetricType) (moved string) {
	names := reserved
	switch kind {
	case pmetric.MetricTypeHistogram:
		names = append(slices.Clip(names), "le")
	case pmetric.MetricTypeSummary:
		names = append(slices.Clip(names), "quantile")
	}
	for _, name := range names {
		old, ok := attrs.Get(name)
		if !ok {
			continue
		}
		v := pcommon.NewValueEmpty()
		old.CopyTo(v)
		attrs.Remove(name)
		to := "exported_" + name
		for {
			if _, taken := attrs.Get(to); !taken {
				break
			}
			to = "exported_" + to
		}
		v.CopyTo(attrs.PutEmpty(to))
		moved = name
	}
	return moved
}
