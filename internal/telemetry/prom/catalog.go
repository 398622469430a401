package prom

import (
	"encoding/json"
	"strings"
	"sync"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/metadata"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Catalog remembers what each metric is: samples do not say it. It is safe for
// concurrent use; the zero value is empty.
type Catalog struct {
	mu   sync.RWMutex
	by   map[string]description
	news bool
}

type description struct {
	Kind string `json:"kind"`
	Unit string `json:"unit,omitempty"`
	Help string `json:"help,omitempty"`
}

// The limits: names beyond have no description, and descriptions are cut.
const (
	maxMetadata = 20_000
	maxHelp     = 500
)

// Put remembers a metric.
func (c *Catalog) Put(family string, m metadata.Metadata) {
	if family == "" || m.IsEmpty() {
		return
	}
	if len(m.Help) > maxHelp {
		m.Help = strings.ToValidUTF8(m.Help[:maxHelp], "")
	}
	is := description{string(m.Type), m.Unit, m.Help}
	c.mu.RLock()
	was, known := c.by[family]
	full := !known && len(c.by) >= maxMetadata
	c.mu.RUnlock()
	if was == is || full {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string]description{}
	}
	c.by[strings.Clone(family)] = is
	c.news = true
}

// News says whether anything was put since it last said so.
func (c *Catalog) News() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	news := c.news
	c.news = false
	return news
}

// MarshalJSON writes all of it.
func (c *Catalog) MarshalJSON() ([]byte, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return json.Marshal(c.by)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Catalog) UnmarshalJSON(data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return json.Unmarshal(data, &c.by)
}

// Describe fills in what is known of a name.
func (c *Catalog) Describe(name string) telemetry.MetricName {
	c.mu.RLock()
	defer c.mu.RUnlock()
	out := telemetry.MetricName{Name: name, Family: name, Kind: telemetry.KindUnknown}
	is, ok := c.by[name]
	if !ok {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			family, cut := strings.CutSuffix(name, suffix)
			if !cut {
				continue
			}
			if is, ok = c.by[family]; ok {
				ok = is.Kind == string(model.MetricTypeHistogram) || is.Kind == string(model.MetricTypeSummary)
			}
			if ok {
				out.Family = family
				break
			}
		}
	}
	switch {
	case ok:
		out.Kind, out.Unit, out.Help = telemetry.MetricKind(is.Kind), is.Unit, is.Help
	case name == "target_info":
		out.Kind, out.Help = telemetry.KindInfo, "Resource attributes of each sender"
	}
	return out
}
