import { describe, expect, it } from 'vitest';
import { framesIn, partsOf } from './frames';

const kinds = (s: string) =>
  partsOf(s).map((p) => `${p.kind} ${p.kind === 'text' ? p.lines.length : framesIn(p)}`);

describe('partsOf', () => {
  it('keeps every line, in its order', () => {
    const s =
      'a.B: no\n\tat a.B.c(B.java:1)\n\tat java.util.List.get(List.java:3)\nCaused by: x\n\t... 3 more';
    expect(
      partsOf(s)
        .flatMap((p) => p.lines)
        .join('\n'),
    ).toBe(s);
  });
  it('reads Go, and what recovers from a panic is not where it went wrong', () => {
    const s = `goroutine 279 [running]:
runtime/debug.Stack()
\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e
example.com/shop/web.recovered()
\t/src/web/recover.go:20 +0x7c
panic({0x23, 0xb6})
\t/usr/local/go/src/runtime/panic.go:860 +0x13a
example.com/shop.(*pay).charge(0xb6, {0x28, 0xb6})
\t/src/pay.go:49 +0x36a
net/http.HandlerFunc.ServeHTTP(0xb6)
\t/usr/local/go/src/net/http/server.go:2286 +0x29
go.opentelemetry.io/otelhttp.(*middleware).serveHTTP(0xb6)
\t/root/go/pkg/mod/go.opentelemetry.io/otelhttp@v0.72.0/handler.go:194 +0x1369`;
    expect(kinds(s)).toEqual(['text 1', 'library 3', 'own 1', 'library 2']);
  });
  it('reads Java, Node.js, Python, Ruby and .NET', () => {
    expect(
      kinds('x.Y: z\n\tat jp.shop.Pay.go(Pay.java:9)\n\tat org.springframework.web.A.b(A.java:1)'),
    ).toEqual(['text 1', 'own 1', 'library 1']);
    expect(
      kinds('Error: no\n    at pay (/app/pay.js:3:1)\n    at next (/app/node_modules/express/router.js:1:2)'),
    ).toEqual(['text 1', 'own 1', 'library 1']);
    expect(
      kinds(
        'Traceback (most recent call last):\n  File "/usr/lib/python3/x.py", line 1, in f\n    g()\n  File "/app/pay.py", line 3, in g\n    1/0\nZeroDivisionError: x',
      ),
    ).toEqual(['text 1', 'library 1', 'own 1', 'text 1']);
    expect(kinds("/app/a.rb:1:in 'Order#pay'\n/usr/gems/rails/x.rb:2:in 'call'")).toEqual([
      'own 1',
      'library 1',
    ]);
    expect(kinds('   at Shop.Pay.Go() in /src/Pay.cs:line 3\n   at System.Linq.X()')).toEqual([
      'own 1',
      'library 1',
    ]);
  });
});
