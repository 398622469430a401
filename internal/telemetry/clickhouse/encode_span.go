package clickhouse

import (
	"github.com/ClickHouse/ch-go/proto"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// ownColumns are the span attributes that have a column of their own, because pages ask
// for them and because a column costs less than a place in the map. An empty value stays
// in the map, so that a row is read as it was written. text is for those whose values
// rarely come again.
var ownColumns = [...]struct {
	key, column string
	text        bool
}{
	{key: "db.query.text", column: "db_query_text", text: true},
	{key: "db.system.name", column: "db_system_name"},
	{key: "error.type", column: "error_type"},
	{key: "http.request.method", column: "http_request_method"},
	{key: "http.response.status_code", column: "http_response_status_code"},
	{key: "http.route", column: "http_route"},
	{key: "messaging.destination.name", column: "messaging_destination_name"},
	{key: "rpc.method", column: "rpc_method"},
	{key: "server.address", column: "server_address"},
	{key: "url.full", column: "url_full", text: true},
	{key: "url.path", column: "url_path", text: true},
}

// ownIndex finds an attribute's place in ownColumns.
var ownIndex = func() map[string]int {
	m := make(map[string]int, len(ownColumns))
	for i, c := range ownColumns {
		m[c.key] = i
	}
	return m
}()

type spanEncoder struct {
	common
	duration      proto.ColInt64
	parentID      idCol
	traceState    strCol
	name          lowCol
	kind, status  proto.ColUInt8
	statusMessage strCol
	endpoint      lowCol
	events, links strCol
	code          lowCol
	peerKind      lowCol
	peer          lowCol
	operationID   idCol
	operation     lowCol
	ownLow        [len(ownColumns)]lowCol
	ownText       [len(ownColumns)]strCol
	// own finds the place of a key that was seen in this frame: -1 is the map. The keys
	// of one span mostly are those of the one before, so guess remembers them in order.
	guess []guess
	own   [len(ownColumns)]string
}

type guess struct {
	key   string
	place int
}

func newSpanEncoder() *spanEncoder {
	e := &spanEncoder{}
	e.init()
	e.parentID.n, e.operationID.n = 8, 8
	e.use("duration", &e.duration)
	e.use("parent_id", &e.parentID)
	e.use("trace_state", &e.traceState)
	e.use("name", &e.name)
	e.use("kind", &e.kind)
	e.use("status", &e.status)
	e.use("status_message", &e.statusMessage)
	e.use("endpoint", &e.endpoint)
	e.use("events", &e.events)
	e.use("links", &e.links)
	e.use("code", &e.code)
	e.use("peer_kind", &e.peerKind)
	e.use("peer", &e.peer)
	e.use("operation_id", &e.operationID)
	e.use("operation", &e.operation)
	for i, c := range ownColumns {
		if c.text {
			e.use(c.column, &e.ownText[i])
		} else {
			e.use(c.column, &e.ownLow[i])
		}
	}
	return e
}

func (e *spanEncoder) reset() {
	e.common.reset()
	clear(e.guess)
	e.guess = e.guess[:0]
	clear(e.own[:])
}

func (e *spanEncoder) add(s *telemetry.Span) {
	e.common.add(s.ID, s.Time, &s.Source, s.TraceID, s.SpanID, s.Scope, &s.Exception, s.Flags)
	clear(e.own[:])
	for i := range s.Attrs {
		a := &s.Attrs[i]
		if p := e.place(i, a.Key); p >= 0 && a.Value != "" && e.own[p] == "" {
			e.own[p] = a.Value
		} else {
			e.attrs.put(a.Key, a.Value)
		}
	}
	e.attrs.end()
	for i := range ownColumns {
		if ownColumns[i].text {
			e.ownText[i].append(e.own[i])
		} else {
			e.ownLow[i].append(e.own[i])
		}
	}
	e.duration = append(e.duration, s.Duration)
	e.parentID.append(s.ParentID[:])
	e.traceState.append(s.TraceState)
	e.name.append(s.Name)
	e.kind = append(e.kind, uint8(s.Kind))
	e.status = append(e.status, uint8(s.Status))
	e.statusMessage.append(s.StatusMessage)
	e.endpoint.append(s.Endpoint)
	e.scratch = appendEvents(e.scratch[:0], s.Events)
	e.events.appendBytes(e.scratch)
	e.scratch = appendLinks(e.scratch[:0], s.Links)
	e.links.appendBytes(e.scratch)
	e.addText(s)
	e.addDerived(s.Arrived, &s.Error)
	e.code.append(s.Code)
	e.peerKind.append(string(s.Peer.Kind))
	e.peer.append(s.Peer.Name)
	e.operationID.appendID(s.Operation.ID)
	e.operation.append(s.Operation.Text)
}

func (e *spanEncoder) place(i int, key string) int {
	if i < len(e.guess) && e.guess[i].key == key {
		return e.guess[i].place
	}
	place, ok := ownIndex[key]
	if !ok {
		place = -1
	}
	if i < len(e.guess) {
		e.guess[i] = guess{key, place}
	} else if i == len(e.guess) {
		e.guess = append(e.guess, guess{key, place})
	}
	return place
}

// spanTextKeys are the places of telemetry.SpanTextKeys in ownColumns.
var spanTextKeys = func() (places [len(telemetry.SpanTextKeys)]int) {
	for i, key := range telemetry.SpanTextKeys {
		places[i] = ownIndex[key]
	}
	return places
}()

func (e *spanEncoder) addText(s *telemetry.Span) {
	e.parts = append(e.parts[:0], s.Name, s.StatusMessage, s.Exception.Type, s.Exception.Message)
	for _, p := range spanTextKeys {
		e.parts = append(e.parts, e.own[p])
	}
	e.addFolded(e.parts, false)
}
