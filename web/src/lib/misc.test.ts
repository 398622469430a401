import { describe, expect, it } from 'vitest';
import { colorOf, colorsFor, palette } from './colors';
import { highlight } from './highlight';
import { traceIdIn } from './ids';
import { prettyJson } from './json';
import { safeNext } from './next';
import { align, firstQuery, seriesNames, stepFor } from './promql';
import { snippet, snippetKinds, targetFor } from './snippets';
import { fill } from './stack';

describe('traceIdIn', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  it.each([
    id,
    id.toUpperCase(),
    `  ${id} `,
    `00-${id}-00f067aa0ba902b7-01`,
    `trace_id=${id}`,
    '4bf92f35-77b3-4da6-a3ce-929d0e0e4736',
    '1-4bf92f35-77b34da6a3ce929d0e0e4736',
  ])('finds it in %s', (text) => expect(traceIdIn(text)).toBe(id));
  it('pads half an id', () =>
    expect(traceIdIn('a3ce929d0e0e4736')).toBe(`${'0'.repeat(16)}a3ce929d0e0e4736`));
  it.each(['', 'checkout', '0'.repeat(32), id.slice(1), `${id}0`])('finds none in %s', (text) =>
    expect(traceIdIn(text)).toBeUndefined(),
  );
});

describe('highlight', () => {
  const marked = (text: string, ...words: string[]) =>
    highlight(text, words)
      .map((p) => (p.hit ? `[${p.text}]` : p.text))
      .join('');
  it('finds words whatever the case and width', () => {
    expect(marked('Connection RESET by peer', 'reset')).toBe('Connection [RESET] by peer');
    expect(marked('ＤＢ接続ｴﾗｰ', '接続エラー')).toBe('ＤＢ[接続ｴﾗｰ]');
    expect(marked('ＤＢ接続', 'db')).toBe('[ＤＢ]接続');
    expect(marked('ﾊﾞｯﾁ処理', 'バッチ')).toBe('[ﾊﾞｯﾁ]処理');
    expect(marked('㍻元年', '平')).toBe('[㍻]元年');
  });
  it('joins what overlaps, and gives back every character', () => {
    expect(marked('abcdef', 'abc', 'cde')).toBe('[abcde]f');
    for (const text of ['x', 'aaa', 'ｶﾞｷﾞ é が', '😀abc']) {
      const pieces = highlight(text, ['a', 'が', 'é']);
      expect(pieces.map((p) => p.text).join('')).toBe(text);
    }
  });
});

describe('prettyJson', () => {
  it('indents objects and arrays alone', () => {
    expect(prettyJson('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    for (const s of ['12', '"x"', '{}', '[broken', 'text {x}', '']) expect(prettyJson(s)).toBeUndefined();
  });
  it('leaves numbers alone that a parser would round', () => {
    expect(prettyJson('{"id":12345678901234567890}')).toBeUndefined();
    expect(prettyJson('{"id":"12345678901234567890"}')).toContain('12345678901234567890');
  });
});

it('goes only to paths of this site after signing in', () => {
  expect(safeNext('/logs?filter=a')).toBe('/logs?filter=a');
  for (const bad of [
    undefined,
    '',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/signin?next=/signin',
  ])
    expect(safeNext(bad)).toBe('/');
});

describe('promql', () => {
  it('asks first by the type of the metric', () => {
    expect(firstQuery('requests_total', 'counter')).toBe('rate(requests_total[5m])');
    expect(firstQuery('http_duration_seconds', 'histogram')).toBe('sum(rate(http_duration_seconds[5m]))');
    expect(firstQuery('x_bucket', 'histogram')).toBe(
      'histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))',
    );
    expect(firstQuery('x_count', 'histogram')).toBe('rate(x_count[5m])');
    expect(firstQuery('mem.used', 'gauge')).toBe('{"mem.used"}');
  });
  it('names series by what differs', () => {
    expect(
      seriesNames([
        { __name__: 'up', job: 'a', env: 'p' },
        { __name__: 'up', job: 'b', env: 'p' },
      ]),
    ).toEqual(['job=a', 'job=b']);
    expect(seriesNames([{ __name__: 'up', job: 'a' }])).toEqual(['up job=a']);
    expect(seriesNames([{}])).toEqual(['{}']);
    expect(seriesNames([])).toEqual([]);
  });
  it('keeps gaps as gaps', () => {
    const a = align(
      [
        {
          points: [
            [0, 1],
            [10_000, 2],
            [30_000, 4],
          ],
        },
        { points: [[20_000, 9]] },
      ],
      10_000,
    );
    expect(a.times).toEqual([0, 10_000, 20_000, 30_000]);
    expect(a.rows).toEqual([
      [1, 2, null, 4],
      [null, null, 9, null],
    ]);
    expect(align([{ points: [] }], 1000)).toEqual({ times: [], rows: [[]] });
  });
  it('takes a round step', () => {
    expect(stepFor(0, 3600e3, 240)).toBe('15s');
    expect(stepFor(0, 30 * 86400e3, 240)).toBe('21600s');
  });
});

describe('fill', () => {
  it('puts empty bars where there were no rows', () => {
    const bars = fill([{ time: '1970-01-01T00:00:10Z', counts: { error: 2, info: 1 } }], 5e9, 3000, 21_000);
    expect(bars.map((b) => [b.ms, b.total])).toEqual([
      [0, 0],
      [5000, 0],
      [10_000, 3],
      [15_000, 0],
      [20_000, 0],
    ]);
  });
  it('never runs away', () => {
    expect(fill([], 1, 0, 1e12).length).toBeLessThanOrEqual(2000);
    expect(fill([], 0, 0, 10)).toEqual([]);
  });
});

describe('snippets', () => {
  it('carry endpoint and token', () => {
    const t = targetFor('yagura.example', true, { grpc: '0.0.0.0:4317', http: '[::]:4318' }, 'yag_x');
    for (const k of snippetKinds) {
      const s = snippet(k, t);
      expect(s).toContain(k === 'collector' ? 'yagura.example:4317' : 'https://yagura.example:4318');
      expect(s).toContain('yag_x');
    }
  });
  it('say nothing of a token where none is needed', () => {
    const t = targetFor('::1', false);
    expect(t.http).toBe('http://[::1]:4318');
    const local = targetFor('yagura.example', true, { grpc: '127.0.0.1:14317', http: '[::1]:14318' });
    expect([local.grpc, local.http]).toEqual(['127.0.0.1:14317', 'http://[::1]:14318']);
    for (const k of snippetKinds) expect(snippet(k, t).toLowerCase()).not.toContain('authorization');
  });
});

it('colours the same names the same', () => {
  expect(colorsFor(['b', 'a', 'b']).get('a')).toBe(colorsFor(['a', 'z', 'c']).get('a'));
  expect(colorsFor(['b', 'a', 'b']).size).toBe(2);
  // Two that share a colour alone do not beside each other.
  expect(colorOf('payment')).toBe(colorOf('mailer'));
  expect(new Set(colorsFor(['storefront', 'payment', 'mailer', 'inventory']).values()).size).toBe(4);
  const crowd = [...Array(25).keys()].map(String);
  const used = [...colorsFor(crowd).values()];
  expect(palette.every((c) => used.filter((u) => u === c).length >= 2)).toBe(true);
  expect(new Set(['front', 'checkout', 'payment', 'worker', 'batch'].map(colorOf)).size).toBe(5);
  const many = new Set(Array.from({ length: 200 }, (_, i) => colorOf(`service-${i}`)));
  expect([...many].sort()).toEqual([...palette].sort());
});
