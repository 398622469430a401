package shape

import (
	"strings"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// peer is the far end of a client, producer or consumer span, and of an internal one that
// works on a database in its own process.
func peer(kind telemetry.Kind, a *attrs) telemetry.Peer {
	switch kind {
	case telemetry.KindClient, telemetry.KindProducer, telemetry.KindConsumer:
	case telemetry.KindInternal, telemetry.KindUnspecified:
		if a[atDbSystemName] == "" {
			return telemetry.Peer{}
		}
	default:
		return telemetry.Peer{}
	}
	if sys := a[atDbSystemName]; sys != "" && kind != telemetry.KindProducer && kind != telemetry.KindConsumer {
		return database(sys, a)
	}
	if kind != telemetry.KindClient || a[atMessagingSystem] != "" {
		if p := queue(kind, a); p.Name != "" || kind == telemetry.KindConsumer {
			return p
		}
	}
	if name := a[atServicePeerName]; name != "" {
		return telemetry.Peer{Kind: telemetry.PeerService, Name: clip(name, maxName)}
	}
	scheme := a[atUrlScheme]
	address, port := a[atServerAddress], a[atServerPort]
	if address == "" {
		if u := a[atUrlFull]; u != "" {
			scheme, address, port, _ = splitURL(u)
		}
	}
	if address == "" {
		address, port = a[atNetworkPeerAddress], a[atNetworkPeerPort]
	}
	if a[atRpcSystemName] != "" || a[atRpcSystem] != "" || a[atRpcMethod] != "" {
		if host := Host(address, port, "rpc"); host != "" {
			return telemetry.Peer{Kind: telemetry.PeerRPC, Name: host}
		}
		return named(telemetry.PeerRPC, clip(rpcService(a), maxName))
	}
	if host := Host(address, port, scheme); host != "" {
		if a[atHttpRequestMethod] != "" || a[atUrlFull] != "" || scheme != "" {
			return telemetry.Peer{Kind: telemetry.PeerHTTP, Name: host}
		}
		return telemetry.Peer{Kind: telemetry.PeerRPC, Name: host}
	}
	return telemetry.Peer{}
}

func rpcService(a *attrs) string {
	if s := a[atRpcService]; s != "" {
		return s
	}
	m := strings.TrimPrefix(a[atRpcMethod], "/")
	if i := strings.LastIndexByte(m, '/'); i > 0 {
		return m[:i]
	}
	return ""
}

// ports that need no mention, by database.
var ports = map[string]string{
	"postgresql": "5432", "mysql": "3306", "mariadb": "3306", "microsoft.sql_server": "1433", "oracle.db": "1521", "mongodb": "27017",
	"redis": "6379", "valkey": "6379", "memcached": "11211", "elasticsearch": "9200", "opensearch": "9200", "cassandra": "9042", "clickhouse": "9000",
}

func database(system string, a *attrs) telemetry.Peer {
	p := telemetry.Peer{Kind: telemetry.PeerDB, Name: clip(system, maxName)}
	if caches[system] {
		p.Kind = telemetry.PeerCache
	}
	host := a[atServicePeerName]
	if host == "" {
		port := a[atServerPort]
		if port == ports[system] {
			port = ""
		}
		host = Host(a[atServerAddress], port, "db")
		if host == "" {
			if _, h, prt, _ := splitURL(a[atUrlFull]); h != "" {
				if prt == ports[system] {
					prt = ""
				}
				host = Host(h, prt, "db")
			}
		}
	}
	ns := a[atDbNamespace]
	if p.Kind == telemetry.PeerCache {
		ns = "" // a number, or nothing
	}
	if i := strings.LastIndexAny(ns, `/\`); i >= 0 { // a file
		ns = ns[i+1:]
	}
	ns = index(ns)
	if strings.HasSuffix(host, "amazonaws.com") && strings.Contains(system, "dynamodb") {
		host = ""
	}
	switch {
	case ns != "" && host != "":
		p.Name += " " + ns + "@" + host
	case ns != "" || host != "":
		p.Name += " " + ns + host
	}
	return p
}

func queue(kind telemetry.Kind, a *attrs) telemetry.Peer {
	dest := a[atMessagingDestinationTemplate]
	if dest == "" {
		if dest = index(a[atMessagingDestinationName]); a[atMessagingDestinationTemporary] == "true" || a[atMessagingDestinationAnonymous] == "true" {
			dest = "(temporary)"
		}
	}
	system := a[atMessagingSystem]
	if dest == "" && system != "" {
		dest = Host(a[atServerAddress], a[atServerPort], "")
	}
	name := strings.TrimSpace(system + " " + dest)
	if name == "" && kind == telemetry.KindClient {
		return telemetry.Peer{}
	}
	return named(telemetry.PeerQueue, clip(name, maxName))
}

// operation is what a span asks of its peer.
func operation(p telemetry.Peer, s *telemetry.Span, a *attrs) telemetry.Shape {
	switch p.Kind {
	case telemetry.PeerDB, telemetry.PeerCache:
		st := statement{
			system: a[atDbSystemName], text: a[atDbQueryText], summary: a[atDbQuerySummary],
			operation: a[atDbOperationName], collection: a[atDbCollectionName], name: s.Name,
		}
		if st.collection == "" {
			st.collection = strings.Trim(a[atAwsDynamodbTableNames], `[]"`)
		}
		if st.operation == "" && strings.Contains(st.system, "dynamodb") {
			st.operation = a[atRpcMethod]
		}
		return of(st.shape(), maxStatement)
	case telemetry.PeerQueue:
		op := a[atMessagingOperationName]
		if op == "" {
			op = a[atMessagingOperationType]
		}
		if op == "" {
			op = s.Kind.String()
		}
		return of(mask(op), maxName)
	case telemetry.PeerRPC:
		if m := strings.TrimPrefix(a[atRpcMethod], "/"); m != "" {
			if svc := a[atRpcService]; svc != "" && !strings.Contains(m, "/") {
				m = svc + "/" + m
			}
			return of(m, maxName)
		}
	}
	if m := a[atHttpRequestMethod]; m != "" {
		path := a[atUrlTemplate]
		if path == "" {
			if _, _, _, path = splitURL(a[atUrlFull]); path == "" {
				path = a[atUrlPath]
			}
			if path == "" {
				return of(m, maxName)
			}
			path = Path(path)
		}
		return of(m+" "+path, maxName)
	}
	if p.Kind == "" {
		return telemetry.Shape{}
	}
	return of(mask(s.Name), maxName)
}

// code is the outcome of a request by its protocol.
func code(a *attrs) string {
	if c := a[atHttpResponseStatusCode]; c != "" {
		return clip(c, 40)
	}
	return clip(a[atRpcResponseStatusCode], 40)
}

// named is a peer, none without a name.
func named(kind telemetry.PeerKind, name string) telemetry.Peer {
	if name == "" {
		return telemetry.Peer{}
	}
	return telemetry.Peer{Kind: kind, Name: name}
}
