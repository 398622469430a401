package shape

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yagura-sre/yagura/internal/telemetry"
)

func TestPath(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "/",
		"/":                       "/",
		"/users":                  "/users",
		"/users/":                 "/users",
		"/users/123":              "/users/{id}",
		"/users/123/orders/456?x": "/users/{id}/orders/{id}",
		"/api/v1/carts/6f1e2a40-1b7c-4a55-9d39-6d1a4be0f2a1": "/api/v1/carts/{id}",
		"/api/v2.1/x":         "/api/v2.1/x",
		"/oauth2/token":       "/oauth2/token",
		"/blobs/3f2a1b9c0d":   "/blobs/{id}",
		"/2026/11/22/news":    "/{id}/{id}/{id}/news",
		"/archive/2026-11-22": "/archive/{id}",
		"/orders/order-12":    "/orders/{id}",
		"/検索/x":               "/{id}/x",
		"/a%20b":              "/{id}",
		"/posts/how-to-write-a-good-commit-message": "/posts/{id}",
		"/static/app.3f2a1b9c.js":                   "/static/{id}.js",
		"/static/main.css":                          "/static/main.css",
		"/users/:id/x":                              "/users/:id/x",
		"/users/{id}/x":                             "/users/{id}/x",
		"/cart;jsessionid=12AB/x":                   "/cart/x",
		"/a/b/c/d/e/f/g/h/i/j":                      "/a/b/c/d/e/f/g/h/…",
		"/mail/a@example.com":                       "/mail/{id}",
		"/orders:cancel":                            "/orders:cancel",
		"/s3/bucket":                                "/s3/bucket",
	} {
		if got := Path(in); got != want {
			t.Errorf("Path(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPattern(t *testing.T) {
	for in, want := range map[string]string{
		"":      "",
		"ready": "ready",
		"request completed method=POST path=/api/v1/orders/482910 status=200 duration_ms=12.5": "request completed method=POST path=/api/v<num>/orders/<num> status=<num> duration_ms=<num>",
		"took 120ms (3 rows)":                                     "took <num>ms (<num> rows)",
		"user u000123 from 10.0.3.17:8080":                        "user u<num> from <ip>",
		"session 6f1e2a40-1b7c-4a55-9d39-6d1a4be0f2a1 ended":      "session <id> ended",
		"cache miss key=session:00af12bc9931 shard=3, loading":    "cache miss key=<str> shard=<num>, loading",
		`could not open "orders.db": locked`:                      `could not open "<str>": locked`,
		`{"level":"info","user":"bob","n":3}`:                     `{"level":"<str>","user":"<str>","n":<num>}`,
		"2026-11-22 09:12:44.123 start":                           "<time> start",
		"2026-11-22T09:12:44+09:00 start":                         "<time> start",
		"22/Nov/2026:09:12:44 start":                              "<time> start",
		"ids [1, 2, 3]":                                           "ids [<num>]",
		"ids [1, 2]":                                              "ids [<num>]",
		"mail to a.b@example.com failed":                          "mail to <email> failed",
		"GET https://api.example.com:8443/v1/users/42?x=1 failed": "GET https://api.example.com:<num>/v<num>/users/{id} failed",
		"can't connect to orders-db-7":                            "can't connect to orders-db-<num>",
		"commit 3f2a1b9c0d44":                                     "commit <id>",
		"at 0x7ffde03f":                                           "at <id>",
		"temperature -5.5 C":                                      "temperature <num> C",
		"::1 and fe80::1 and 2001:db8::8a2e":                      "<ip> and <ip> and <ip>",
		"login user=alice id=x":                                   "login user=<str> id=<str>",
		"ユーザー u42 の注文 123456 を受け付けました（商品 3 点、合計 12,800 円）": "ユーザー u<num> の注文 <num> を受け付けました（商品 <num> 点、合計 <num> 円）",
		"ユーザー42の注文123456を受け付けました":                          "ユーザー<num>の注文<num>を受け付けました",
		"決済に３回失敗しました":                                      "決済に<num>回失敗しました",
		"2026年11月22日 10時30分に停止":                            "<time> <time>に停止",
		"令和8年11月22日に停止":                                    "<time>に停止",
		"5分前に停止":                                           "<num>分前に停止",
		"二十三件の注文一覧":                                        "<num>件の注文一覧",
		"検索語「鬼滅の刃」で0件":                                     "検索語「<str>」で<num>件",
		"３，２００円":                                           "<num>円",
	} {
		if got := Pattern(in); got != want {
			t.Errorf("Pattern(%q)\n got %q\nwant %q", in, got, want)
		}
	}
	if got := Pattern(strings.Repeat("あいう ", 300)); len(got) > maxPattern+len("…") || !utf8.ValidString(got) {
		t.Errorf("a long pattern: %d bytes", len(got))
	}
}

func TestSQL(t *testing.T) {
	for in, want := range map[string]string{
		"select * from orders where id = 42 and name = 'O''Brien'":      "SELECT * FROM orders WHERE id = ? AND name = ?",
		"SELECT  *\n\tFROM \"orders\" -- all\nWHERE id=$1":              "SELECT * FROM orders WHERE id = ?",
		"SELECT * FROM `shop`.`orders` WHERE id IN (1, 2, 3)":           "SELECT * FROM shop.orders WHERE id IN (?)",
		"SELECT * FROM [dbo].[orders] WHERE id IN (@p0,@p1)":            "SELECT * FROM dbo.orders WHERE id IN (?)",
		"INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y'), (3, 'z')":      "INSERT INTO t(a, b) VALUES (?)",
		"INSERT INTO t(a,b) VALUES (?,now()),(?,now())":                 "INSERT INTO t(a, b) VALUES (?, NOW())",
		"/* trace=abc */ UPDATE t SET a = -5, b = a - 1 WHERE c=1.5e-3": "UPDATE t SET a = ?, b = a - ? WHERE c = ?",
		"select count(*) from t where x is null limit 10 offset 20;":    "SELECT COUNT(*) FROM t WHERE x IS NULL LIMIT ? OFFSET ?",
		"SELECT a::text, b->>'k' FROM t WHERE c @> '{\"a\":1}'":         "SELECT a::text, b ->> ? FROM t WHERE c @> ?",
		"SELECT $$it's$$, $tag$ x $tag$":                                "SELECT ?",
		"SELECT * FROM events_20261122 WHERE t2.a = :name":              "SELECT * FROM events_? WHERE t2.a = ?",
		"SELECT * FROM 注文 WHERE 顧客 = '田中'":                              "SELECT * FROM 注文 WHERE 顧客 = ?",
		"SELECT 'unterminated":                                          "SELECT ?",
		"SELECT x FROM t # mysql\nWHERE y = X'0F'":                      "SELECT x FROM t WHERE y = ?",
		"": "",
	} {
		if got := SQL(in); got != want {
			t.Errorf("SQL(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestStatements(t *testing.T) {
	for _, c := range []struct {
		s    statement
		want string
	}{
		{statement{system: "redis", text: "GET user:1234"}, "GET user:?"},
		{statement{system: "redis", text: "SET sess:ab12 value\nEXPIRE sess:ab12 60"}, "SET sess:?; EXPIRE sess:?"},
		{statement{system: "redis", operation: "GET"}, "GET"},
		{statement{system: "mongodb", operation: "find", collection: "orders", text: `{"find":"orders"}`}, "find orders"},
		{statement{system: "mongodb", text: `{"find": "orders", "filter": {"a": 1}}`}, "find orders"},
		{statement{system: "elasticsearch", operation: "search", collection: "logs-2026.11.22"}, "search logs-?"},
		{statement{system: "dynamodb", operation: "GetItem", collection: "Orders"}, "GetItem Orders"},
		{statement{system: "postgresql", text: "SELECT 1"}, "SELECT ?"},
		{statement{system: "postgresql", operation: "SELECT", collection: "orders"}, "SELECT orders"},
		{statement{system: "mysql", name: "query 12"}, "query <num>"},
	} {
		if got := c.s.shape(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.s, got, c.want)
		}
	}
}

func TestPeer(t *testing.T) {
	for _, c := range []struct {
		kind  telemetry.Kind
		attrs string
		want  telemetry.Peer
		op    string
	}{
		{telemetry.KindClient, "db.system.name=postgresql db.namespace=shop server.address=Orders-DB.internal server.port=5432 db.query.text=SELECT",
			telemetry.Peer{Kind: telemetry.PeerDB, Name: "postgresql shop@orders-db.internal"}, "SELECT"},
		{telemetry.KindClient, "db.system.name=redis server.address=cache server.port=6380 db.namespace=3 db.operation.name=GET", telemetry.Peer{Kind: telemetry.PeerCache, Name: "redis cache:6380"}, "GET"},
		{telemetry.KindInternal, "db.system.name=sqlite db.namespace=/data/shop.db", telemetry.Peer{Kind: telemetry.PeerDB, Name: "sqlite shop.db"}, "span"},
		{telemetry.KindInternal, "server.address=x", telemetry.Peer{}, ""},
		{telemetry.KindServer, "server.address=x http.request.method=GET", telemetry.Peer{}, ""},
		{telemetry.KindClient, "http.request.method=GET server.address=cart server.port=8080 url.full=http://cart:8080/v1/carts/12?a=b", telemetry.Peer{Kind: telemetry.PeerHTTP, Name: "cart:8080"}, "GET /v1/carts/{id}"},
		{telemetry.KindClient, "http.request.method=POST url.full=https://api.stripe.com/v1/charges", telemetry.Peer{Kind: telemetry.PeerHTTP, Name: "api.stripe.com"}, "POST /v1/charges"},
		{telemetry.KindClient, "service.peer.name=cart http.request.method=GET server.address=10.0.0.1", telemetry.Peer{Kind: telemetry.PeerService, Name: "cart"}, "GET"},
		{telemetry.KindClient, "rpc.system.name=grpc rpc.service=cart.v1.Cart rpc.method=Add server.address=cart server.port=50051", telemetry.Peer{Kind: telemetry.PeerRPC, Name: "cart:50051"}, "cart.v1.Cart/Add"},
		{telemetry.KindProducer, "messaging.system=kafka messaging.destination.name=orders messaging.operation.name=send", telemetry.Peer{Kind: telemetry.PeerQueue, Name: "kafka orders"}, "send"},
		{telemetry.KindConsumer, "messaging.system=kafka messaging.destination.name=orders", telemetry.Peer{Kind: telemetry.PeerQueue, Name: "kafka orders"}, "consumer"},
		{telemetry.KindClient, "", telemetry.Peer{}, ""},
	} {
		s := &telemetry.Span{Kind: c.kind, Name: "span"}
		for _, kv := range strings.Fields(c.attrs) {
			k, v, _ := strings.Cut(kv, "=")
			s.Attrs = append(s.Attrs, telemetry.Attr{Key: k, Value: v})
		}
		var h Shaper
		for range 2 { // the second time from memory
			h.Span(s)
			if s.Peer != c.want || s.Operation.Text != c.op || (s.Operation.ID == 0) != (c.op == "") {
				t.Errorf("%s %q: %+v, %+v, want %+v %q", c.kind, c.attrs, s.Peer, s.Operation, c.want, c.op)
			}
		}
	}
}

func TestOwnFrame(t *testing.T) {
	for name, c := range map[string]struct{ stack, want string }{
		"java": {"java.net.SocketException: Connection reset\n\tat java.base/java.net.Socket.connect(Socket.java:12)\n\tat org.apache.http.Client.execute(Client.java:1)\n\tat com.example.payment.Client.send(Client.java:211)\n\tat com.example.Main.run(Main.java:21)\n",
			"com.example.payment.Client.send (Client.java)"},
		"java proxy": {"x\n\tat com.example.Cart$$EnhancerBySpringCGLIB$$1a2b3c.add(<generated>)\n", "com.example.Cart.add"},
		"python": {"Traceback (most recent call last):\n  File \"/app/shop/main.py\", line 3, in run\n    charge()\n  File \"/app/shop/pay.py\", line 12, in charge\n    x\n  File \"/usr/lib/python3.12/site-packages/requests/api.py\", line 59, in get\n    y\nValueError: no\n",
			"charge (shop/pay.py)"},
		"go": {"goroutine 1 [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e\npanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:792 +0x132\nexample.com/shop/pay.(*Client).Send.func1(0xc0000140a0)\n\t/app/pay/client.go:88 +0x1d\nmain.main()\n\t/app/main.go:12\n",
			"example.com/shop/pay.(*Client).Send (client.go)"},
		"go, recovered": {"goroutine 7 [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e\nexample.com/shop/web.Recover.func1.1()\n\t/app/web/recover.go:21 +0x4a\npanic({0x1?, 0x2?})\n\t/usr/local/go/src/runtime/panic.go:792 +0x132\nruntime.goPanicIndex(0x3, 0x3)\n\t/usr/local/go/src/runtime/panic.go:115 +0x74\nexample.com/shop/cart.Total(...)\n\t/app/cart/total.go:31\nexample.com/shop/web.Recover.func1({0x1, 0x2})\n\t/app/web/recover.go:30 +0x8c\n",
			"example.com/shop/cart.Total (total.go)"},
		"go, panicking again": {"goroutine 7 [running]:\nexample.com/shop/web.Log.func1()\n\t/app/web/log.go:9 +0x4a\npanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:792 +0x132\nexample.com/shop/web.Wrap.func1()\n\t/app/web/wrap.go:12 +0x4a\npanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:792 +0x132\nexample.com/shop/cart.Add(0x1)\n\t/app/cart/add.go:5 +0x1\n",
			"example.com/shop/cart.Add (add.go)"},
		"go, no panic below": {"goroutine 7 [running]:\nexample.com/shop/cart.Add(0x1)\n\t/app/cart/add.go:5 +0x1\npanic(", "example.com/shop/cart.Add (add.go)"},
		"node":               {"TypeError: x\n    at node:internal/process:1:2\n    at handle (/app/node_modules/express/lib/router.js:1:2)\n    at async charge (/app/src/pay.js:12:5)\n", "charge (src/pay.js)"},
		"node2":              {"TypeError: x\n    at /app/src/pay.js:12:5\n", "src/pay.js"},
		"ruby":               {"/usr/lib/ruby/gems/3.3.0/gems/net/http.rb:1:in `get'\n/app/models/order.rb:12:in 'Order#charge'\n", "Order#charge (models/order.rb)"},
		"php":                {"PDOException: x\n#0 /var/www/vendor/a/b.php(12): PDO->exec()\n#1 /var/www/app/Pay.php(123): App\\Pay->charge('a')\n#2 {main}\n", "App\\Pay->charge (app/Pay.php)"},
		".net":               {"System.Exception: x\n   at System.Net.Http.HttpClient.Send(HttpRequest r)\n   at Shop.Pay.Client.<SendAsync>d__12.MoveNext() in /src/Pay/Client.cs:line 40\n", "Shop.Pay.Client.SendAsync (Pay/Client.cs)"},
		"libs":               {"x\n\tat java.lang.Thread.run(Thread.java:1)\n", "java.lang.Thread.run (Thread.java)"},
		"none":               {"something else", ""},
		"nobody":             {"", ""},
	} {
		if got := OwnFrame(c.stack); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if got := OwnFrame(strings.NewReplacer("12", "97", "88", "31", "211", "5").Replace(c.stack)); got != c.want && name != ".net" {
			t.Errorf("%s: other lines make another frame: %q", name, got)
		}
	}
}

func TestErrors(t *testing.T) {
	stack := "\tat com.example.A.b(A.java:%)\n"
	a := telemetry.Log{Exception: telemetry.Exception{Type: "E", Message: "order 12 failed", Stack: strings.Replace(stack, "%", "12", 1)}}
	b := telemetry.Log{Exception: telemetry.Exception{Type: "E", Message: "order 9999 failed", Stack: strings.Replace(stack, "%", "340", 1)}, Body: "other"}
	c := telemetry.Span{Exception: telemetry.Exception{Type: "E", Message: "order 1 failed", Stack: strings.Replace(stack, "%", "7", 1)}}
	d := telemetry.Log{Exception: telemetry.Exception{Type: "F", Message: "order 12 failed", Stack: stack}}
	var h Shaper
	h.Log(&a)
	h.Log(&b)
	h.Span(&c)
	h.Log(&d)
	if a.Error.ID == 0 || a.Error != b.Error || a.Error != c.Error || a.Error.ID == d.Error.ID {
		t.Errorf("%+v\n%+v\n%+v\n%+v", a.Error, b.Error, c.Error, d.Error)
	}
	if a.Error.Message != "order <num> failed" || a.Error.Frame != "com.example.A.b (A.java)" {
		t.Errorf("%+v", a.Error)
	}
	e := telemetry.Log{Severity: 17, Body: "lost 3 rows"}
	h.Log(&e)
	if e.Error.Type != "ERROR" || e.Error.Message != "lost <num> rows" {
		t.Errorf("%+v", e.Error)
	}
	f := telemetry.Log{Severity: 9, Body: "lost 3 rows"}
	h.Log(&f)
	if f.Error != (telemetry.ErrorKey{}) || f.Pattern != e.Pattern {
		t.Errorf("%+v", f)
	}
	g := telemetry.Span{Kind: telemetry.KindServer, Status: telemetry.StatusError, Endpoint: "GET /x", Attrs: []telemetry.Attr{{Key: "http.response.status_code", Value: "503"}}}
	h.Span(&g)
	if g.Error.Type != "HTTP 503" || g.Error.Frame != "GET /x" || g.Code != "503" {
		t.Errorf("%+v", g.Error)
	}
	g.Kind = telemetry.KindClient
	h.Span(&g)
	if g.Error.ID != 0 {
		t.Errorf("a failed call is an error of its caller's: %+v", g.Error)
	}
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"a 1 b", "ids [1, 2]", "2026年11月22日10時", "「x」", `"a":"b"`, "https://h:1/p/2", "a@b.c", "::1", "user=1", "'", "-5e3", "１２．５", "0x1f-", "\xff1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := Pattern(s)
		if len(p) > maxPattern+len("…") {
			t.Fatalf("%d bytes", len(p))
		}
		if utf8.ValidString(s) && !utf8.ValidString(p) {
			t.Fatalf("%q is not UTF-8", p)
		}
		if strings.ContainsAny(p, "0123456789０１２３４５６７８９") {
			t.Fatalf("%q has a digit", p)
		}
		if len(s) < maxPattern/2 && !strings.Contains(p, "…") {
			if again := Pattern(p); len(p) < maxPattern/2 && again != p && Pattern(again) != again {
				t.Fatalf("%q becomes %q becomes %q becomes %q", s, p, again, Pattern(again))
			}
		}
	})
}

func FuzzSQL(f *testing.F) {
	for _, s := range []string{"SELECT 1", "a in (1,2)", "VALUES (1),(2)", "$$x$$", "'a\\'b'", "/*", "--", "-1-1", "[a]", "\"a\"\"b\"", "((?),(?))"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := SQL(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		if len(got) > 3*len(s)+8 {
			t.Fatalf("%d bytes from %d", len(got), len(s))
		}
		_ = statement{system: "redis", text: s}.shape()
		_ = statement{system: "mongodb", text: s}.shape()
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"/a/1", "/{id}", "//", "/a;b/c", "/%20", "/あ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := Path(s)
		if !strings.HasPrefix(p, "/") || Path(p) != p {
			t.Fatalf("%q becomes %q becomes %q", s, p, Path(p))
		}
		if utf8.ValidString(s) && !utf8.ValidString(p) {
			t.Fatalf("%q is not UTF-8", p)
		}
	})
}

func FuzzOwnFrame(f *testing.F) {
	for _, s := range []string{"\tat a.B.c(D.java:1)\n", "  File \"x\", line 1, in f", "a.b(0x1)\n\t/x.go:1", "#0 a(1): b", "a.rb:1:in `x'", "at f (a.js:1:2)", " at A.b() in c:line 1", "f@a.js:1:2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := OwnFrame(s); len(got) > maxName+3 {
			t.Fatalf("%d bytes", len(got))
		}
	})
}
