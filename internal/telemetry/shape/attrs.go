package shape

import "github.com/yagura-sre/yagura/internal/telemetry"

// The attributes that tell something. The first peerAttrs of them tell the peer; url.full
// does so only where there is no address.
const (
	atDbSystemName = iota
	atDbNamespace
	atServerAddress
	atServerPort
	atServicePeerName
	atMessagingSystem
	atMessagingDestinationName
	atMessagingDestinationTemplate
	atMessagingDestinationTemporary
	atMessagingDestinationAnonymous
	atRpcService
	atRpcMethod
	atRpcSystem
	atRpcSystemName
	atHttpRequestMethod
	atUrlScheme
	atNetworkPeerAddress
	atNetworkPeerPort
	atAwsDynamodbTableNames
	atDbCollectionName
	atDbOperationName
	atDbQuerySummary
	atDbQueryText
	atErrorType
	atHttpResponseStatusCode
	atMessagingOperationName
	atMessagingOperationType
	atRpcResponseStatusCode
	atUrlFull
	atUrlPath
	atUrlTemplate

	peerAttrs = atAwsDynamodbTableNames
	nAttrs    = atUrlTemplate + 1
)

var attrNames = [nAttrs]string{
	atDbSystemName:                  "db.system.name",
	atDbNamespace:                   "db.namespace",
	atServerAddress:                 "server.address",
	atServerPort:                    "server.port",
	atServicePeerName:               "service.peer.name",
	atMessagingSystem:               "messaging.system",
	atMessagingDestinationName:      "messaging.destination.name",
	atMessagingDestinationTemplate:  "messaging.destination.template",
	atMessagingDestinationTemporary: "messaging.destination.temporary",
	atMessagingDestinationAnonymous: "messaging.destination.anonymous",
	atRpcService:                    "rpc.service",
	atRpcMethod:                     "rpc.method",
	atRpcSystem:                     "rpc.system",
	atRpcSystemName:                 "rpc.system.name",
	atHttpRequestMethod:             "http.request.method",
	atUrlScheme:                     "url.scheme",
	atNetworkPeerAddress:            "network.peer.address",
	atNetworkPeerPort:               "network.peer.port",
	atAwsDynamodbTableNames:         "aws.dynamodb.table_names",
	atDbCollectionName:              "db.collection.name",
	atDbOperationName:               "db.operation.name",
	atDbQuerySummary:                "db.query.summary",
	atDbQueryText:                   "db.query.text",
	atErrorType:                     "error.type",
	atHttpResponseStatusCode:        "http.response.status_code",
	atMessagingOperationName:        "messaging.operation.name",
	atMessagingOperationType:        "messaging.operation.type",
	atRpcResponseStatusCode:         "rpc.response.status_code",
	atUrlFull:                       "url.full",
	atUrlPath:                       "url.path",
	atUrlTemplate:                   "url.template",
}

var attrIndex = func() map[string]int {
	m := make(map[string]int, nAttrs)
	for i, name := range attrNames {
		m[name] = i
	}
	return m
}()

// attrs are the values of the attributes that tell something, "" where there is none.
type attrs [nAttrs]string

// guess is the place of an attribute's name among attrs, -1 if it has none. The names of
// one span mostly are those of the one before.
type guess struct {
	name  string
	place int
}

// read picks out of a span's attributes what tells something. The answer is valid until
// the next reading.
func (h *Shaper) read(of []telemetry.Attr) *attrs {
	clear(h.attrs[:])
	for i := range of {
		key := of[i].Key
		if i < len(h.guess) && h.guess[i].name == key {
			if p := h.guess[i].place; p >= 0 {
				h.attrs[p] = of[i].Value
			}
			continue
		}
		g := guess{key, -1}
		if p, ok := attrIndex[key]; ok {
			g.place = p
			h.attrs[p] = of[i].Value
		}
		if i < len(h.guess) {
			h.guess[i] = g
		} else if i == len(h.guess) && i < maxGuesses {
			h.guess = append(h.guess, g)
		}
	}
	return &h.attrs
}

const maxGuesses = 64

// Forget drops what belongs to the rows seen last. What is remembered otherwise is copied.
func (h *Shaper) Forget() {
	clear(h.attrs[:])
	clear(h.guess)
	h.guess = h.guess[:0]
}
