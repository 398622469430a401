package insight

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func TestSummary(t *testing.T) {
	long := strings.Repeat("あ", 500)
	for _, c := range []struct {
		kind  telemetry.Kind
		attrs string // key=value;…
		want  string
	}{
		{server, "http.request.method=GET;http.route=/cart/{id};url.path=/cart/7;http.response.status_code=200", "GET /cart/{id} 200"},
		{server, "http.request.method=GET;url.path=/x", "GET /x"},
		{client, "http.request.method=POST;url.full=https://pay.example:8443/v1/charge?card=1#f;server.address=pay.example;http.response.status_code=504", "POST pay.example/v1/charge 504"},
		{client, "db.system.name=postgresql;db.query.text=SELECT *\n\t FROM stock\n WHERE id = ?", "postgresql: SELECT * FROM stock WHERE id = ?"},
		{client, "db.system.name=redis;db.operation.name=GET", "redis: GET"},
		{client, "db.system.name=mongodb;db.operation.name=find;db.collection.name=carts", "mongodb: find carts"},
		{client, "rpc.system=grpc;rpc.service=cart.v1.Cart;rpc.method=Add;rpc.grpc.status_code=14", "cart.v1.Cart/Add 14"},
		{client, "rpc.system.name=grpc;rpc.method=cart.v1.Cart/Add;rpc.response.status_code=OK", "cart.v1.Cart/Add OK"},
		{producer, "messaging.system=kafka;messaging.operation.name=send;messaging.destination.name=orders", "send orders"},
		{internal, "x=y", ""},
		{client, "db.query.text=" + long, strings.Repeat("あ", maxSummary-1) + "…"},
	} {
		s := telemetry.Span{Kind: c.kind}
		for part := range strings.SplitSeq(c.attrs, ";") {
			k, v, _ := strings.Cut(part, "=")
			s.Attrs = append(s.Attrs, telemetry.Attr{Key: k, Value: v})
		}
		if got := Summary(&s); got != c.want || utf8.RuneCountInString(got) > maxSummary {
			t.Errorf("%.60s: got %q, want %q", c.attrs, got, c.want)
		}
	}
}

func TestFindTraceID(t *testing.T) {
	const want = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, text := range []string{
		want,
		"  4BF92F3577B34DA6A3CE929D0E0E4736\n",
		"00-" + want + "-00f067aa0ba902b7-01",
		"http://yagura.example/traces/" + want + "?span=00f067aa0ba902b7",
		`{"level":"error","trace_id":"` + want + `","span_id":"00f067aa0ba902b7"}`,
		"エラー（" + want + "）が発生しました",
		"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=53995c3f42cd8ad8;Sampled=1",
		"4bf92f35-77b3-4da6-a3ce-929d0e0e4736",
		// The one that is named wins over one that is not.
		"request=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa traceId=" + want,
		// The zero id is none.
		"00000000000000000000000000000000 " + want,
	} {
		if got, ok := FindTraceID(text); !ok || got.String() != want {
			t.Errorf("%q: got %s, %t", text, got, ok)
		}
	}
	if got, ok := FindTraceID("a3ce929d0e0e4736"); !ok || got.String() != "0000000000000000a3ce929d0e0e4736" {
		t.Errorf("half an id: got %s, %t", got, ok)
	}
	for _, text := range []string{"", "abc", "span 00f067aa0ba902b7 failed", want + "0", "x" + want, strings.Repeat("0", 32)} {
		if got, ok := FindTraceID(text); ok {
			t.Errorf("%q: found %s", text, got)
		}
	}
}

func FuzzFindTraceID(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Add("1-4bf92f35-77b34da6a3ce929d0e0e4736")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := FindTraceID(text)
		if ok == id.IsZero() {
			t.Fatalf("found %t, id %q", ok, id)
		}
		if again, _ := FindTraceID(id.String()); again != id {
			t.Fatalf("%s does not find itself", id)
		}
	})
}
