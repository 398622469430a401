import { describe, expect, it } from 'vitest';
import { partsOf } from '~/lib/frames';
import { clueOfFrame, clueOfSpan, framesOf, topClue } from './frame';

describe('clueOfFrame', () => {
  it.each([
    [
      'Go, a method with arguments',
      ['example.com/shop.(*pay).charge(0xb6, {0x28, 0xb6})', '\t/src/pay.go:49 +0x36a'],
      { function: 'example.com/shop.(*pay).charge', file: '/src/pay.go', line: 49 },
    ],
    [
      'Go, what began a goroutine',
      ['created by example.com/shop.run in goroutine 7', '\t/src/run.go:12 +0x1'],
      { function: 'example.com/shop.run', file: '/src/run.go', line: 12 },
    ],
    [
      'Go, a closure with an inlined call',
      ['example.com/shop.load.func1(...)', '\t/src/load.go:3'],
      { function: 'example.com/shop.load.func1', file: '/src/load.go', line: 3 },
    ],
    [
      'Java',
      ['\tat shop.payment.Terminal.charge(Terminal.java:42)'],
      { function: 'shop.payment.Terminal.charge', file: 'Terminal.java', line: 42 },
    ],
    [
      'Java with a module',
      ['\tat java.base/java.util.List.get(List.java:3)'],
      { function: 'java.util.List.get', file: 'List.java', line: 3 },
    ],
    [
      'Kotlin in a class loader',
      ['\tat app//shop.PayKt$main$1.invoke(Pay.kt:9)'],
      { function: 'shop.PayKt$main$1.invoke', file: 'Pay.kt', line: 9 },
    ],
    [
      'Python',
      ['  File "/app/pay.py", line 3, in charge', '    1/0', '    ~^~'],
      { function: 'charge', file: '/app/pay.py', line: 3 },
    ],
    ['Python, a module', ['  File "/app/pay.py", line 3, in <module>'], { file: '/app/pay.py', line: 3 }],
    [
      'Node.js',
      ['    at async Pay.charge (/app/pay.js:3:1)'],
      { function: 'Pay.charge', file: '/app/pay.js', line: 3 },
    ],
    ['Node.js without a name', ['    at file:///app/pay.mjs:3:1'], { file: '/app/pay.mjs', line: 3 }],
    [
      'a browser',
      ['pay@https://shop.example.com/assets/pay.js:3:1'],
      { function: 'pay', file: '/assets/pay.js', line: 3 },
    ],
    ['Ruby', ["/app/a.rb:1:in 'Order#pay'"], { function: 'Order#pay', file: '/app/a.rb', line: 1 }],
    ['Ruby before 3.4', ["/app/a.rb:1:in `pay'"], { function: 'pay', file: '/app/a.rb', line: 1 }],
    [
      '.NET',
      ['   at Shop.Pay.Go(String card) in /src/Pay.cs:line 3'],
      { function: 'Shop.Pay.Go', file: '/src/Pay.cs', line: 3 },
    ],
    [
      'PHP',
      ['#0 /app/src/Pay.php(3): Shop\\Pay->go()'],
      { function: 'Shop\\Pay->go', file: '/app/src/Pay.php', line: 3 },
    ],
  ])('reads %s', (_, lines, want) => expect(clueOfFrame(lines)).toEqual(want));

  it('gives nothing for what is no place', () => {
    expect(clueOfFrame(['java.lang.IllegalStateException: no'])).toBeUndefined();
    expect(clueOfFrame(['    at node:internal/main/run:3:1'])).toBeUndefined();
    expect(clueOfFrame(['\tat x.Y.z(Native Method)'])).toBeUndefined();
  });
});

describe('framesOf', () => {
  it('keeps every line, in its order', () => {
    const lines = [
      'goroutine 1 [running]:',
      'a.b(0x1)',
      '\t/src/b.go:2 +0x1',
      'Traceback:',
      '  File "/app/x.py", line 1, in f',
      '    g()',
      '  File "/app/y.py", line 2, in g',
    ];
    const frames = framesOf(lines);
    expect(frames.flatMap((f) => f.lines)).toEqual(lines);
    expect(frames.map((f) => f.clue?.line)).toEqual([undefined, 2, undefined, 1, 2]);
  });
});

describe('topClue', () => {
  it('is the first of own code, under what recovered from a panic', () => {
    const parts = partsOf(
      'goroutine 2 [running]:\nexample.com/web.recovered()\n\t/src/web.go:20 +0x7\npanic({0x2})\n\t/usr/local/go/src/runtime/panic.go:8\nexample.com/shop.charge(0x1)\n\t/src/pay.go:49 +0x3',
    );
    expect(topClue(parts)?.line).toBe(49);
  });
  it('is the last in Python', () => {
    const parts = partsOf(
      'Traceback (most recent call last):\n  File "/app/a.py", line 1, in f\n    g()\n  File "/app/b.py", line 3, in g\n    1/0\nZeroDivisionError: x',
    );
    expect(topClue(parts)).toEqual({ function: 'g', file: '/app/b.py', line: 3 });
  });
  it('is that of a library where there is no own code', () => {
    expect(topClue(partsOf('x\n\tat java.util.List.get(List.java:3)'))?.file).toBe('List.java');
    expect(topClue(partsOf('nothing to see'))).toBeUndefined();
  });
});

describe('clueOfSpan', () => {
  const of = (attributes: Record<string, string>, kind = 'internal') => clueOfSpan({ kind, attributes });
  it('takes code.* before a statement before a route', () => {
    const all = {
      'code.function.name': 'shop.pay',
      'code.file.path': 'pay.go',
      'code.line.number': '7',
      'db.query.text': 'SELECT 1',
      'http.route': '/pay',
    };
    expect(of(all)).toEqual({ function: 'shop.pay', file: 'pay.go', line: 7 });
    expect(of({ 'db.query.text': 'SELECT 1', 'http.route': '/pay' })).toEqual({ statement: 'SELECT 1' });
    expect(of({ 'http.route': '/pay', 'http.request.method': 'POST' }, 'server')).toEqual({
      route: '/pay',
      method: 'POST',
    });
  });
  it('reads the older names', () => {
    expect(of({ 'code.namespace': 'shop.Pay', 'code.function': 'go', 'code.lineno': '3' })).toEqual({
      function: 'shop.Pay.go',
      line: 3,
    });
    expect(of({ 'db.statement': 'SELECT 1' })).toEqual({ statement: 'SELECT 1' });
  });
  it('knows no place of a caller’s route', () => {
    expect(of({ 'http.route': '/pay' }, 'client')).toBeUndefined();
    expect(of({})).toBeUndefined();
  });
});
