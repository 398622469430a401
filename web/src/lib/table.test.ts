import { describe, expect, it } from 'vitest';
import { bare, csv, drawn, given, isNumber, isTime, ndjson, planOf, sorted, timeOf } from './table';

const columns = [
  { name: 'minute', type: "DateTime('UTC')" },
  { name: 'service', type: 'LowCardinality(String)' },
  { name: 'n', type: 'SimpleAggregateFunction(sum, UInt64)' },
];
const rows = [
  ['2026-11-22 09:00:00', 'shop', 3],
  ['2026-11-22 09:00:00', '決済', 1],
  ['2026-11-22 09:02:00', 'shop', '5'],
  ['2026-11-22 09:03:00', 'shop', null],
];

describe('a table', () => {
  it('knows types through what wraps them', () => {
    expect(bare('LowCardinality(Nullable(String))')).toBe('String');
    expect(isNumber('SimpleAggregateFunction(sum, UInt64)')).toBe(true);
    expect(isTime("Nullable(DateTime64(9, 'UTC'))")).toBe(true);
    expect(isNumber('String') || isTime('Enum8')).toBe(false);
    expect(timeOf('2026-11-22 09:00:00.123456789')).toBe(Date.UTC(2026, 10, 22, 9, 0, 0, 123));
    expect(timeOf('2026-11-22')).toBe(Date.UTC(2026, 10, 22));
  });
  it('is drawn by time, a line for each text, with gaps', () => {
    const plan = planOf(columns)!;
    expect(plan).toEqual({ x: 'minute', y: ['n'], by: 'service' });
    const d = drawn(columns, rows, plan);
    expect(d.times).toHaveLength(4);
    expect(d.stepMs).toBe(60_000);
    expect(d.series).toEqual([
      { key: 'shop', values: [3, null, 5, null] },
      { key: '決済', values: [1, null, null, null] },
    ]);
  });
  it('is drawn by text when there is no time', () => {
    const c = columns.slice(1);
    const d = drawn(
      c,
      rows.map((r) => r.slice(1)),
      given(c, {})!,
    );
    expect(d.labels).toEqual(['shop', '決済']);
    expect(d.series).toEqual([{ key: 'n', values: [8, 1] }]);
    expect(planOf([{ name: 'a', type: 'String' }])).toBeUndefined();
  });
  it('keeps a chosen drawing as far as its columns are there', () => {
    expect(given(columns, { x: 'service', y: 'n,gone', by: '-' })).toEqual({
      x: 'service',
      y: ['n'],
      by: undefined,
    });
    expect(given(columns, { by: '-' })).toEqual({ x: 'minute', y: ['n'], by: undefined });
  });
  it('sorts numbers as numbers, and what has none last', () => {
    expect(sorted(rows, columns, '-n').map((r) => r[2])).toEqual(['5', 3, 1, null]);
    expect(sorted(rows, columns, 'n').map((r) => r[2])).toEqual([1, 3, '5', null]);
    expect(sorted(rows, columns, 'nobody')).toBe(rows);
  });
  it('becomes a file', () => {
    const c = [
      { name: 'a,b', type: 'String' },
      { name: 'n', type: 'Int64' },
      { name: 'm', type: 'Map(String, String)' },
    ];
    const r = [
      ['x"\ny', -1, { k: '値' }],
      ['=1+1', null, {}],
    ];
    expect(csv(c, r)).toBe('\ufeff"a,b",n,m\r\n"x""\ny",-1,"{""k"":""値""}"\r\n\'=1+1,,{}\r\n');
    expect(ndjson(c, r)).toBe('{"a,b":"x\\"\\ny","n":-1,"m":{"k":"値"}}\n{"a,b":"=1+1","n":null,"m":{}}\n');
  });
});
