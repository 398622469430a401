package prom

import (
	"cmp"
	"slices"
	"strings"

	"github.com/prometheus/otlptranslator"
	"github.com/prometheus/prometheus/storage/remote/otlptranslator/prometheusremotewrite"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Prometheus' own translation makes "_" of whatever is not ASCII, and so refuses a label
// or a metric that is named in Japanese alone. So names are translated here, and the
// translator is told to leave them: ASCII names become what Prometheus makes of them,
// letters of other scripts stay (PromQL: {"支払い方法"="card"}), and all else becomes "_".

// promoted are the resource attributes that are labels of every series.
var promoted = []string{
	"service.name", "service.namespace", "deployment.environment.name",
	"k8s.cluster.name", "k8s.namespace.name", "cloud.region",
}

// identifying are those that the translator makes job and instance of.
var identifying = []string{"service.name", "service.namespace", "service.instance.id"}

var (
	labelNamer = otlptranslator.LabelNamer{PreserveMultipleUnderscores: true}
	asciiNamer = otlptranslator.MetricNamer{WithMetricSuffixes: true}
	otherNamer = otlptranslator.MetricNamer{WithMetricSuffixes: true, UTF8Allowed: true}
)

// translate gives everything its final name and every point the promoted labels.
func translate(md pmetric.Metrics) error {
	for _, rm := range md.ResourceMetrics().All() {
		resource := rm.Resource().Attributes()
		var common []pair
		for _, key := range promoted {
			if v := text(resource, key); v != "" {
				common = append(common, pair{key, labelName(key), v})
			}
		}
		rename(resource, identifying)
		for _, p := range common {
			resource.PutStr(p.to, p.value) // on target_info, even what identifies
		}
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				name, err := metricName(m)
				if err != nil {
					return refused(err)
				}
				m.SetName(name)
				eachAttributes(m, func(attrs pcommon.Map) {
					rename(attrs, nil)
					for _, p := range common {
						if text(attrs, p.to) == "" {
							attrs.PutStr(p.to, p.value)
						}
					}
				})
			}
		}
	}
	return nil
}

func metricName(m pmetric.Metric) (string, error) {
	of := prometheusremotewrite.TranslatorMetricFromOtelMetric(m)
	if isASCII(of.Name) {
		return asciiNamer.Build(of)
	}
	of.Name = strings.Map(underscored, of.Name)
	return otherNamer.Build(of)
}

// labelName is the label of an attribute.
func labelName(key string) string {
	if !isASCII(key) {
		return strings.Map(underscored, key)
	}
	if name, err := labelNamer.Build(key); err == nil {
		if strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "__") {
			return "key" + name // as Prometheus does by default
		}
		return name
	}
	return "key_" + strings.Map(underscored, key) // nothing but signs, or nothing at all
}

func underscored(r rune) rune {
	if r == '_' || r >= 0x80 || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '_'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

type pair struct{ from, to, value string }

// rename gives attributes the names of labels. The values of those that become one are
// joined with ";" in the order of their names, as Prometheus does.
func rename(attrs pcommon.Map, but []string) {
	var moved []pair
	attrs.RemoveIf(func(key string, v pcommon.Value) bool {
		to := labelName(key)
		if to == key || slices.Contains(but, key) {
			return false
		}
		moved = append(moved, pair{key, to, v.AsString()})
		return true
	})
	if len(moved) == 0 {
		return
	}
	for i, p := range moved { // one that has the name already takes part
		if v, ok := attrs.Get(p.to); ok && !slices.ContainsFunc(moved[:i], func(q pair) bool { return q.to == p.to }) {
			moved = append(moved, pair{p.to, p.to, v.AsString()})
			attrs.Remove(p.to)
		}
	}
	slices.SortFunc(moved, func(a, b pair) int { return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.from, b.from)) })
	for i := 0; i < len(moved); {
		j := i + 1
		value := moved[i].value
		for ; j < len(moved) && moved[j].to == moved[i].to; j++ {
			value += ";" + moved[j].value
		}
		attrs.PutStr(moved[i].to, value)
		i = j
	}
}

// eachAttributes calls f for the attributes of every data point.
func eachAttributes(m pmetric.Metric, f func(pcommon.Map)) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for _, p := range m.Gauge().DataPoints().All() {
			f(p.Attributes())
		}
	case pmetric.MetricTypeSum:
		for _, p := range m.Sum().DataPoints().All() {
			f(p.Attributes())
		}
	case pmetric.MetricTypeHistogram:
		for _, p := range m.Histogram().DataPoints().All() {
			f(p.Attributes())
		}
	case pmetric.MetricTypeExponentialHistogram:
		for _, p := range m.ExponentialHistogram().DataPoints().All() {
			f(p.Attributes())
		}
	case pmetric.MetricTypeSummary:
		for _, p := range m.Summary().DataPoints().All() {
			f(p.Attributes())
		}
	}
}
