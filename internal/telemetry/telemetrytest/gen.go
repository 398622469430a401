package telemetrytest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

// Gen makes rows that look like a shop's: a dozen services, English and Japanese logs,
// traces of a few spans with about twelve attributes. The same seed gives the same rows.
type Gen struct {
	rnd             *rand.Rand
	id              uint64
	now             int64
	step            int64
	source          []telemetry.Source
	trace, logTrace telemetry.TraceID
	sender          int
	parent          telemetry.SpanID
}

var genServices = [...]string{"frontend", "checkout", "cart", "payment", "catalog", "shipping", "email", "ads",
	"recommend", "currency", "auth", "search"}

// NewGen makes rows from start on, step apart.
func NewGen(seed uint64, start time.Time, step time.Duration) *Gen {
	g := &Gen{rnd: rand.New(rand.NewPCG(seed, seed)), id: uint64(start.UnixMicro()), now: start.UnixNano(), step: int64(step)}
	for i, s := range genServices {
		for pod := range 3 {
			host := fmt.Sprintf("node-%d", (i+pod)%5)
			g.source = append(g.source, telemetry.Source{Env: "production", Service: s, Version: "1." + strconv.Itoa(i) + ".0",
				Instance: fmt.Sprintf("%s-%08x", s, i*1000+pod), Host: host,
				Attrs: []telemetry.Attr{
					{Key: "cloud.provider", Value: "aws"}, {Key: "cloud.region", Value: "ap-northeast-1"},
					{Key: "k8s.namespace.name", Value: "shop"}, {Key: "k8s.node.name", Value: host},
					{Key: "k8s.pod.name", Value: fmt.Sprintf("%s-%08x", s, i*1000+pod)}, {Key: "os.type", Value: "linux"},
					{Key: "process.pid", Value: "1"}, {Key: "telemetry.sdk.language", Value: "go"},
					{Key: "telemetry.sdk.name", Value: "opentelemetry"}, {Key: "telemetry.sdk.version", Value: "1.43.0"},
				}})
		}
	}
	return g
}

func (g *Gen) bytes(b []byte) {
	for i := range b {
		b[i] = byte(g.rnd.Uint32())
	}
	b[0] |= 1
}

func (g *Gen) next() (id uint64, now int64) {
	g.id++
	g.now += g.step
	return g.id, g.now
}

// Logs makes n logs, appended to rows.
func (g *Gen) Logs(rows []telemetry.Log, n int) []telemetry.Log {
	r := g.rnd
	for i := range n {
		id, now := g.next()
		if i%50 == 0 { // a batch of one sender
			g.sender = r.IntN(len(g.source))
		}
		l := telemetry.Log{ID: id, Time: now, Observed: now + r.Int64N(5e6), Source: g.source[g.sender], Severity: 9, SeverityText: "INFO", Scope: "app"}
		user := "u" + strconv.Itoa(r.IntN(100000))
		l.Attrs = []telemetry.Attr{
			{Key: "code.file.path", Value: "/app/internal/handler/" + strconv.Itoa(r.IntN(40)) + ".go"},
			{Key: "code.line.number", Value: strconv.Itoa(r.IntN(500))},
			{Key: "http.request.method", Value: "POST"},
			{Key: "http.response.status_code", Value: "200"},
			{Key: "thread.name", Value: "worker-" + strconv.Itoa(r.IntN(16))},
			{Key: "user", Value: user},
		}
		switch k := r.IntN(100); {
		case k < 35:
			l.Body = fmt.Sprintf("request completed method=POST path=/api/v1/orders/%d status=200 duration_ms=%d bytes=%d", r.IntN(1e6), r.IntN(900), r.IntN(9000))
		case k < 60:
			l.Body = fmt.Sprintf("Query finished in %dms: SELECT id, name, price FROM products WHERE category_id = %d ORDER BY updated_at LIMIT 50", r.IntN(300), r.IntN(1000))
		case k < 75:
			l.Body = fmt.Sprintf("ユーザー %s の注文 %d を受け付けました（商品 %d 点、合計 %d 円）", user, r.IntN(1e6), r.IntN(9)+1, r.IntN(30000))
		case k < 85:
			l.Body = fmt.Sprintf("決済サービスへの接続に %d ミリ秒かかりました。再試行します", r.IntN(5000))
			l.Severity, l.SeverityText = 13, "WARN"
		case k < 97:
			l.Body = fmt.Sprintf("cache miss key=session:%016x shard=%d, loading from the database", r.Uint64(), r.IntN(32))
			l.Severity, l.SeverityText = 5, "DEBUG"
		default:
			l.Body = "failed to charge the card: connection reset by peer"
			l.Severity, l.SeverityText = 17, "ERROR"
			l.Exception = telemetry.Exception{Type: "java.net.SocketException", Message: "Connection reset",
				Stack: "java.net.SocketException: Connection reset\n\tat com.example.payment.Client.send(Client.java:" + strconv.Itoa(r.IntN(400)) + ")\n\tat com.example.payment.Service.charge(Service.java:88)\n\tat com.example.Main.run(Main.java:21)\n"}
		}
		if i%5 == 0 {
			g.bytes(g.logTrace[:])
		}
		if i/5%2 == 0 {
			l.TraceID = g.logTrace
			g.bytes(l.SpanID[:])
		}
		rows = append(rows, l)
	}
	return rows
}

// Spans makes n spans in traces of about ten, appended to rows.
func (g *Gen) Spans(rows []telemetry.Span, n int) []telemetry.Span {
	r := g.rnd
	for i := range n {
		id, now := g.next()
		if i%10 == 0 {
			g.bytes(g.trace[:])
			g.parent = telemetry.SpanID{}
		}
		k := r.IntN(len(g.source))
		src := &g.source[k]
		s := telemetry.Span{ID: id, Time: now, Duration: int64(r.ExpFloat64() * 2e7), Source: *src, TraceID: g.trace, ParentID: g.parent, Scope: "net/http"}
		g.bytes(s.SpanID[:])
		if g.parent.IsZero() {
			g.parent = s.SpanID
		}
		route := "/api/v1/" + src.Service + "/{id}"
		status := "200"
		if r.IntN(50) == 0 {
			s.Status, status = telemetry.StatusError, "500"
			s.StatusMessage = "upstream timed out"
		}
		if r.IntN(100) == 0 {
			s.Exception = telemetry.Exception{Type: "TimeoutError", Message: "deadline exceeded", Stack: "at f()\nat g()\n"}
			s.Events = []telemetry.SpanEvent{{Time: now + 5, Name: "exception", Attrs: []telemetry.Attr{
				{Key: "exception.message", Value: "deadline exceeded"}, {Key: "exception.type", Value: "TimeoutError"}}}}
		}
		switch r.IntN(3) {
		case 0:
			s.Kind, s.Name = telemetry.KindServer, "GET "+route
			s.Endpoint = s.Name
			s.Attrs = []telemetry.Attr{
				{Key: "client.address", Value: "10.0." + strconv.Itoa(r.IntN(255)) + "." + strconv.Itoa(r.IntN(255))},
				{Key: "http.request.method", Value: "GET"}, {Key: "http.response.body.size", Value: strconv.Itoa(r.IntN(10000))},
				{Key: "http.response.status_code", Value: status}, {Key: "http.route", Value: route},
				{Key: "network.protocol.version", Value: "1.1"}, {Key: "server.address", Value: src.Service},
				{Key: "server.port", Value: "8080"}, {Key: "url.path", Value: "/api/v1/" + src.Service + "/" + strconv.Itoa(r.IntN(100000))},
				{Key: "url.scheme", Value: "http"}, {Key: "user", Value: "u" + strconv.Itoa(r.IntN(100000))},
				{Key: "user_agent.original", Value: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"},
			}
		case 1:
			s.Kind, s.Name, s.Scope = telemetry.KindClient, "SELECT products", "database/sql"
			s.Attrs = []telemetry.Attr{
				{Key: "code.function.name", Value: "repo.Find"}, {Key: "db.collection.name", Value: "products"},
				{Key: "db.namespace", Value: "shop"}, {Key: "db.operation.name", Value: "SELECT"},
				{Key: "db.query.text", Value: "SELECT id, name, price FROM products WHERE category_id = $1 ORDER BY updated_at LIMIT 50"},
				{Key: "db.response.returned_rows", Value: strconv.Itoa(r.IntN(50))}, {Key: "db.system.name", Value: "postgresql"},
				{Key: "network.peer.address", Value: "10.1.0.7"}, {Key: "network.peer.port", Value: "5432"},
				{Key: "server.address", Value: "db.internal"}, {Key: "server.port", Value: "5432"}, {Key: "thread.id", Value: strconv.Itoa(r.IntN(64))},
			}
		default:
			s.Kind, s.Name, s.Scope = telemetry.KindClient, "shop.v1.Cart/AddItem", "otelgrpc"
			s.Attrs = []telemetry.Attr{
				{Key: "cart.items", Value: strconv.Itoa(r.IntN(12))}, {Key: "network.peer.address", Value: "10.1.0." + strconv.Itoa(r.IntN(255))},
				{Key: "network.peer.port", Value: "50051"}, {Key: "network.transport", Value: "tcp"}, {Key: "rpc.grpc.status_code", Value: "0"},
				{Key: "rpc.message.id", Value: strconv.Itoa(r.IntN(1e6))}, {Key: "rpc.method", Value: "AddItem"}, {Key: "rpc.service", Value: "shop.v1.Cart"},
				{Key: "rpc.system.name", Value: "grpc"}, {Key: "server.address", Value: "cart"}, {Key: "server.port", Value: "50051"},
				{Key: "tenant", Value: "t" + strconv.Itoa(r.IntN(200))},
			}
		}
		rows = append(rows, s)
	}
	return rows
}
