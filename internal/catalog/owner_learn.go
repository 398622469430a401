package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/yagura-sre/yagura/internal/filter"
	"github.com/yagura-sre/yagura/internal/sqldb"
	"github.com/yagura-sre/yagura/internal/telemetry"
)

// FacetReader is the part of telemetry.Reader from which owners are learned.
type FacetReader interface {
	LogFacets(ctx context.Context, q telemetry.Query, keys []string, limit int) ([]telemetry.Facet, error)
	SpanFacets(ctx context.Context, q telemetry.Query, keys []string, limit int) ([]telemetry.Facet, error)
}

// LearnEvery is how often services and what they say of themselves are looked for.
const LearnEvery = 5 * time.Minute

// What is looked at: somewhat more than the time since the last look, as telemetry may
// come late; and how long a service that says nothing more is believed.
const (
	learnRange  = 15 * time.Minute
	learnForget = 7 * 24 * time.Hour
	learnValues = 1000
)

// Learn notes which services there are and what their resource attributes say of their
// team and product. It asks twice where nobody uses such attributes, and then once more
// for each value that there is.
func (s *Owners) Learn(ctx context.Context) error {
	if s.opt.Reader == nil {
		return nil
	}
	now := s.opt.Clock.Now()
	q := telemetry.Query{Range: telemetry.Range{From: now.Add(-learnRange), To: now.Add(time.Minute)}}
	services := map[string]bool{}
	claims := map[[2]string]Claim{}
	for signal, ask := range map[telemetry.Signal]func(context.Context, telemetry.Query, []string, int) ([]telemetry.Facet, error){
		telemetry.Logs: s.opt.Reader.LogFacets, telemetry.Spans: s.opt.Reader.SpanFacets,
	} {
		keys := []string{"service"}
		for _, a := range append(append([]string{}, s.opt.TeamAttributes...), s.opt.ProductAttributes...) {
			keys = append(keys, "resource."+a)
		}
		facets, err := ask(ctx, q, keys, learnValues)
		if err != nil {
			return err
		}
		for i, f := range facets {
			if f.Key == "service" {
				for _, v := range f.Values {
					services[v.Value] = true
				}
				continue
			}
			attribute := keys[i][len("resource."):]
			for _, v := range f.Values {
				if v.Value == "" || len(v.Value) > 200 {
					continue
				}
				of, err := s.saying(ctx, signal, ask, q, "resource."+attribute, v.Value)
				if err != nil {
					return err
				}
				for _, service := range of {
					c := Claim{Source: Telemetry, Service: service, Place: attribute + "=" + v.Value, At: now}
					if i <= len(s.opt.TeamAttributes) {
						c.Team = v.Value
					} else {
						c.Product = v.Value
					}
					claims[[2]string{service, c.Place}] = c
				}
			}
		}
	}
	return s.opt.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var errs []error
		for name := range services {
			errs = append(errs, putSeen(tx, name, now))
		}
		for _, c := range claims {
			errs = append(errs, putClaim(tx, c))
		}
		return errors.Join(append(errs, forgetTelemetry(tx, now.Add(-learnForget)))...)
	})
}

// saying are the services that have an attribute with a value.
func (s *Owners) saying(ctx context.Context, signal telemetry.Signal, ask func(context.Context, telemetry.Query, []string, int) ([]telemetry.Facet, error), q telemetry.Query, key, value string) ([]string, error) {
	n, err := telemetry.BindFilter(signal, filter.Compare{Key: key, Value: value})
	if err != nil {
		return nil, err
	}
	q.Filter = n
	facets, err := ask(ctx, q, []string{"service"}, learnValues)
	if err != nil || len(facets) == 0 {
		return nil, err
	}
	var out []string
	for _, v := range facets[0].Values {
		if v.Value != "" {
			out = append(out, v.Value)
		}
	}
	return out, nil
}
