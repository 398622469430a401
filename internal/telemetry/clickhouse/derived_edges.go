package clickhouse

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// answered is the share of the sampled calls to a peer that must have ended up in one
// service for the peer to be that service.
const answered = "0.9"

// resolved writes the question for the peers that are services: service, env, peer_kind,
// peer, to_service, to_env. It looks a few hours around the window, as samples are few.
func (w window) resolved(q *statement) {
	q.text("(SELECT service, env, peer_kind, peer, argMax(to_service, part) AS to_service_, argMax(to_env, part) AS to_env_, max(part) AS most, sum(part) AS whole FROM (SELECT service, env, peer_kind, peer, to_service, to_env, sum(calls) AS part")
	w.around(q)
	q.text(" GROUP BY service, env, peer_kind, peer, to_service, to_env) GROUP BY service, env, peer_kind, peer HAVING most >= ", answered, " * whole)")
}

// around writes FROM and WHERE of the samples that tell of a window.
func (w window) around(q *statement) {
	const hours = 2 * 3600
	q.text(" FROM hours_peers WHERE hour >= toDateTime(", q.param("Int64", max(w.from-hours, 0)), ", 'UTC') AND hour < toDateTime(", q.param("Int64", max(w.to+hours, 0)), ", 'UTC')")
}

var edgeKeys = []string{"service", "env", "kind_", "peer_kind_", "peer_", "to_service_", "to_env_"}

// edgeSource sums up calls by what answers them: calls to several addresses of one service
// are one edge.
func edgeSource(d *telemetry.EdgeQuery) func(*statement, window) {
	return func(q *statement, w window) {
		q.text("SELECT c.service AS service, c.env AS env, if(c.kind = 5, 5, 3) AS kind_, if(r.to_service_ = '', c.peer_kind, 'service') AS peer_kind_, if(r.to_service_ = '', c.peer, '') AS peer_, ",
			"r.to_service_ AS to_service_, r.to_env_ AS to_env_, c.at AS at, c.band AS band, sum(c.n) AS n_, sum(c.e) AS errors_, sum(c.t) AS t_, max(c.last) AS last_\nFROM (SELECT service, env, kind, peer_kind, peer, ",
			w.at(), " AS at, band, sum(requests) AS n, sum(errors) AS e, sum(total) AS t, toInt64(toUnixTimestamp(max(minute))) AS last")
		dq := d.DerivedQuery
		if d.Inbound {
			dq.Service = ""
		}
		w.condition(q, "minutes_requests", &dq)
		q.text(" AND peer_kind != ''")
		if d.Inbound {
			q.text(" AND kind != 5")
		}
		peers(q, d)
		q.text(" GROUP BY service, env, kind, peer_kind, peer, at, band) AS c\nLEFT JOIN ")
		w.resolved(q)
		q.text(" AS r ON c.service = r.service AND c.env = r.env AND c.peer_kind = r.peer_kind AND c.peer = r.peer")
		if d.Inbound {
			q.text(" WHERE r.to_service_ = ", q.str(d.Service))
		}
		q.text(" GROUP BY service, env, kind_, peer_kind_, peer_, to_service_, to_env_, at, band")
	}
}

// peers narrows to kinds of peers and to one of them.
func peers(q *statement, d *telemetry.EdgeQuery) {
	if len(d.Kinds) > 0 {
		names := make([]string, len(d.Kinds))
		for i, k := range d.Kinds {
			names[i] = q.str(string(k))
		}
		q.text(" AND peer_kind IN (", strings.Join(names, ", "), ")")
	}
	if d.Peer != "" {
		q.text(" AND peer = ", q.str(d.Peer))
	}
}

// Edges are dependencies.
func (s *Store) Edges(ctx context.Context, d telemetry.EdgeQuery) ([]telemetry.Edge, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d.DerivedQuery)
	if err != nil || w.empty() {
		return nil, about, err
	}
	all, before, more, err := s.compared(ctx, w, &d.DerivedQuery, figuresOf{keys: edgeKeys, source: edgeSource(&d)})
	if err != nil {
		return nil, about, err
	}
	about.More = more
	behind, addresses, err := s.behind(ctx, w)
	if err != nil {
		return nil, about, err
	}
	list := make([]telemetry.Edge, len(all))
	for i, f := range all {
		k := f.keys
		e := telemetry.Edge{Service: k[0], Env: k[1], Consumes: k[2] == "5", Peer: telemetry.Peer{Kind: telemetry.PeerKind(k[3]), Name: k[4]},
			To: k[5], ToEnv: k[6], RED: f.RED, Before: before(k), Trend: f.trend}
		switch {
		case e.To != "":
			e.Peer = addresses[joinKey([]string{e.Service, e.Env, e.To, e.ToEnv})]
		default:
			e.Behind = behind[joinKey([]string{e.Service, e.Env, k[3], k[4]})]
		}
		list[i] = e
	}
	return list, about, nil
}

// behind tells which services the calls to each peer ended up in, and at which peer each
// service is mostly found.
func (s *Store) behind(ctx context.Context, w window) (behind map[string][]telemetry.Share, addresses map[string]telemetry.Peer, err error) {
	behind, addresses = map[string][]telemetry.Share{}, map[string]telemetry.Peer{}
	most := map[string]uint64{}
	q := &statement{}
	q.text("SELECT service, env, peer_kind, peer, to_service, to_env, sum(calls) AS n")
	w.around(q)
	q.text(" GROUP BY service, env, peer_kind, peer, to_service, to_env ORDER BY n DESC, to_service, to_env, peer LIMIT 100000")
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var k [6]string
		var n uint64
		if err := r.Scan(&k[0], &k[1], &k[2], &k[3], &k[4], &k[5], &n); err != nil {
			return err
		}
		peer := joinKey(k[:4])
		behind[peer] = append(behind[peer], telemetry.Share{Name: k[4], Env: k[5], Part: float64(n)})
		to := joinKey([]string{k[0], k[1], k[4], k[5]})
		if n > most[to] {
			most[to], addresses[to] = n, telemetry.Peer{Kind: telemetry.PeerKind(k[2]), Name: k[3]}
		}
		return nil
	})
	for _, shares := range behind {
		var sum float64
		for _, p := range shares {
			sum += p.Part
		}
		for i := range shares {
			shares[i].Part /= sum
		}
	}
	return behind, addresses, err
}

// Callers tells who calls a service and its endpoints.
func (s *Store) Callers(ctx context.Context, d telemetry.DerivedQuery) ([]telemetry.CallerFigures, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d)
	if err != nil || w.empty() {
		return nil, about, err
	}
	q := &statement{}
	q.text("SELECT service, env, to_endpoint, sum(calls) AS n, sum(n) OVER (PARTITION BY to_endpoint) AS whole")
	w.around(q)
	q.text(" AND to_service = ", q.str(d.Service))
	if d.Env != "" {
		q.text(" AND to_env = ", q.str(d.Env))
	}
	if d.Endpoint != "" {
		q.text(" AND to_endpoint = ", q.str(d.Endpoint))
	}
	q.text(" GROUP BY service, env, to_endpoint ORDER BY n DESC, service, env, to_endpoint LIMIT ", strconv.Itoa(rowLimit(&d)+1))
	list := []telemetry.CallerFigures{}
	err = s.answer(ctx, q, func(r driver.Rows) error {
		var c telemetry.CallerFigures
		var n uint64
		err := r.Scan(&c.Service, &c.Env, &c.Endpoint, &n, &c.Sampled)
		if c.Sampled > 0 {
			c.Part = float64(n) / float64(c.Sampled)
		}
		list = append(list, c)
		return err
	})
	if about.More = len(list) > rowLimit(&d); about.More {
		list = list[:rowLimit(&d)]
	}
	return list, about, err
}

// Calls are what services do at their peers.
func (s *Store) Calls(ctx context.Context, d telemetry.CallQuery) ([]telemetry.Call, telemetry.Derived, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	w, about, err := s.askDerived(ctx, &d.DerivedQuery)
	if err != nil || w.empty() {
		return nil, about, err
	}
	keys := []string{"peer_kind", "peer", "operation_id"}
	if d.ByCaller {
		keys = append(keys, "service")
	}
	where := func(q *statement) {
		q.text(" AND peer_kind != ''")
		peers(q, &d.EdgeQuery)
		if d.Shape != 0 {
			q.text(" AND operation_id = ", q.shape(d.Shape))
		}
	}
	all, before, more, err := s.compared(ctx, w, &d.DerivedQuery, figuresOf{keys: keys, order: "t_ DESC", where: where})
	if err != nil {
		return nil, about, err
	}
	about.More = more
	texts, err := s.callers(ctx, w, &d.DerivedQuery, keys, where)
	list := make([]telemetry.Call, len(all))
	for i, f := range all {
		t := texts[joinKey(f.keys)]
		list[i] = telemetry.Call{Peer: telemetry.Peer{Kind: telemetry.PeerKind(f.keys[0]), Name: f.keys[1]},
			Shape: telemetry.Shape{ID: shapeID(f.keys[2]), Text: t.text}, Callers: t.services, Services: t.n, RED: f.RED, Before: before(f.keys), Trend: f.trend}
	}
	slices.SortStableFunc(list, func(a, b telemetry.Call) int { return cmp.Compare(b.Total, a.Total) })
	return list, about, err
}

type callText struct {
	text     string
	services []string
	n        uint64
}

// callers gives the text of each operation and who does it.
func (s *Store) callers(ctx context.Context, w window, d *telemetry.DerivedQuery, keys []string, where func(*statement)) (map[string]callText, error) {
	inner := joined(keys)
	if !slices.Contains(keys, "service") {
		inner += "service, "
	}
	inner = strings.TrimSuffix(inner, ", ")
	q := &statement{}
	q.text("SELECT [", joinedText(keys), "] AS k, any(text), arrayMap(x -> x.2, arraySlice(arrayReverseSort(groupArray((t, toString(service)))), 1, 5)), count()",
		" FROM (SELECT ", inner, ", any(operation_text) AS text, sum(total) AS t")
	w.condition(q, "minutes_requests", d)
	where(q)
	q.text(" GROUP BY ", inner, ") GROUP BY ", strings.TrimSuffix(joined(keys), ", "))
	texts := map[string]callText{}
	err := s.answer(ctx, q, func(r driver.Rows) error {
		var k []string
		var t callText
		err := r.Scan(&k, &t.text, &t.services, &t.n)
		texts[joinKey(k)] = t
		return err
	})
	return texts, err
}
