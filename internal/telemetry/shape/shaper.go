package shape

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Shaper works out the shapes of rows. It remembers what it found for texts that come
// again. It is for one goroutine at a time.
type Shaper struct {
	// Patterns and Endpoints keep the number of different ones of a service within limits;
	// nil is no limit.
	Patterns, Endpoints *Bound

	statements map[string]telemetry.Shape
	peers      map[peerKey]telemetry.Peer
	attrs      attrs
	guess      []guess
}

// peerKey is what a peer is found from; spans that agree in it have the same.
type peerKey struct {
	kind telemetry.Kind
	vals [peerAttrs]string
}

// maxRemembered is how many texts of each sort are remembered, and how long one may be.
const (
	maxRemembered     = 2048
	maxRememberedText = 4096
)

// Span sets what is derived of a span: Code, Peer, Operation, Error, and an endpoint within
// the limits. Endpoint must be set before.
func (h *Shaper) Span(s *telemetry.Span) {
	a := h.read(s.Attrs)
	s.Code, s.Peer, s.Operation = "", telemetry.Peer{}, telemetry.Shape{}
	switch s.Kind {
	case telemetry.KindServer:
		s.Code = code(a)
	case telemetry.KindClient, telemetry.KindProducer, telemetry.KindConsumer:
		s.Code = code(a)
		s.Peer = h.peer(s.Kind, a)
	default:
		if a[atDbSystemName] != "" {
			s.Peer = h.peer(s.Kind, a)
		}
	}
	if s.Peer.Kind != "" {
		s.Operation = h.operation(s, a)
	}
	if h.Endpoints != nil && s.Endpoint != "" {
		s.Endpoint = h.Endpoints.Keep(s.Env, s.Service, s.Endpoint)
	}
	s.Error = spanError(s, s.Code, a)
}

func (h *Shaper) peer(kind telemetry.Kind, a *attrs) telemetry.Peer {
	if a[atUrlFull] != "" && a[atServerAddress] == "" {
		return peer(kind, a)
	}
	k := peerKey{kind: kind, vals: [peerAttrs]string(a[:peerAttrs])}
	if p, ok := h.peers[k]; ok {
		return p
	}
	p := peer(kind, a)
	if len(h.peers) >= maxRemembered || h.peers == nil {
		h.peers = map[peerKey]telemetry.Peer{}
	}
	for i := range k.vals { // they are parts of a request, which is not to be kept
		k.vals[i] = strings.Clone(k.vals[i])
	}
	h.peers[k] = telemetry.Peer{Kind: p.Kind, Name: strings.Clone(p.Name)}
	return p
}

// operation remembers statements, which are long and mostly come again word for word.
func (h *Shaper) operation(s *telemetry.Span, a *attrs) telemetry.Shape {
	text := a[atDbQueryText]
	if text == "" || len(text) > maxRememberedText || s.Peer.Kind != telemetry.PeerDB {
		return operation(s.Peer, s, a)
	}
	key := a[atDbSystemName] + "\x00" + text
	if st, ok := h.statements[key]; ok {
		return st
	}
	if !looksSQL(text) || notSQL[a[atDbSystemName]] {
		return operation(s.Peer, s, a) // other attributes tell too
	}
	st := operation(s.Peer, s, a)
	if len(h.statements) >= maxRemembered || h.statements == nil {
		h.statements = map[string]telemetry.Shape{}
	}
	h.statements[key] = telemetry.Shape{ID: st.ID, Text: strings.Clone(st.Text)}
	return st
}

// Log sets what is derived of a log: Pattern and Error.
func (h *Shaper) Log(l *telemetry.Log) {
	body := l.Body
	if l.Exception.Stack != "" { // the stack is told by the error
		body = firstLine(body)
	}
	masked := mask(body)
	if masked == "" && l.Event != "" {
		masked = mask(l.Event)
	}
	l.Pattern = of(masked, maxPattern)
	l.Error = logError(l, masked)
	if h.Patterns != nil && masked != "" && !h.Patterns.Has(l.Env, l.Service, uint64(l.Pattern.ID)) {
		l.Pattern = of(telemetry.Other, maxPattern)
	}
}
