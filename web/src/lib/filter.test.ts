import { describe, expect, it } from 'vitest';
import * as Fl from './filter';

describe('terms', () => {
  it('keeps quotes and escapes together', () => {
    expect(
      Fl.terms('service:checkout "a \\" b" -user.id:"x y" OR (level>=error 失敗)').map((t) => [
        t.text,
        t.key,
        t.value,
        t.negated,
      ]),
    ).toEqual([
      ['service:checkout', 'service', 'checkout', false],
      ['"a \\" b"', undefined, 'a " b', false],
      ['-user.id:"x y"', 'user.id', 'x y', true],
      ['level>=error', 'level', 'error', false],
      ['失敗', undefined, '失敗', false],
    ]);
  });
  it('survives a quote that is not closed', () => {
    expect(Fl.terms('body:"abc d')).toMatchObject([{ key: 'body', value: 'abc d', end: 11 }]);
  });
});

describe('add, remove and toggle', () => {
  it.each([
    ['', 'service', 'a', false, 'service:a'],
    ['*', 'service', 'a', false, 'service:a'],
    ['x', 'http.route', '/api/{id}', false, 'x http.route:/api/{id}'],
    ['x', 'msg', 'a b', true, 'x -msg:"a b"'],
    ['x', 'msg', 'say "hi" \\', false, 'x msg:"say \\"hi\\" \\\\"'],
    ['x', 'k', 'a*', false, 'x k:"a*"'],
    ['x', 'k', '-1', false, 'x k:"-1"'],
    ['x', 'k', '', false, 'x k:""'],
    ['service:a', 'service', 'a', false, 'service:a'],
    ['service:a y', 'service', 'a', true, 'y -service:a'],
    ['a OR b', 'service', 'c', false, '(a OR b) service:c'],
    ['(a OR b)', 'service', 'c', false, '(a OR b) service:c'],
    ['"a OR b"', 'service', 'c', false, '"a OR b" service:c'],
  ])('%s + %s:%s (not: %s)', (text, key, value, not, want) =>
    expect(Fl.add(text, key, value, not)).toBe(want),
  );

  it.each([
    ['a service:x b', 'a b'],
    ['service:x OR b', 'b'],
    ['b OR service:x', 'b'],
    ['a (service:x) b', 'a b'],
    ['NOT service:x b', 'b'],
    ['"( )" -(service:x)', '"( )"'],
    ['a ((service:x)) b', 'a b'],
    ['service:x', ''],
  ])('takes service:x out of %s', (text, want) =>
    expect(Fl.remove(text, Fl.find(text, 'service', 'x')!)).toBe(want),
  );

  it('toggles back to where it began', () => {
    const on = Fl.toggle('level>=error', 'env', 'production');
    expect(on).toBe('level>=error env:production');
    expect(Fl.toggle(on, 'env', 'production')).toBe('level>=error');
    expect(Fl.toggle(on, 'env', 'production', true)).toBe('level>=error -env:production');
  });
});

describe('completion', () => {
  it('finds keys and values at the cursor', () => {
    expect(Fl.placeAt('ser', 3)).toEqual({ kind: 'key', prefix: 'ser', start: 0, end: 3 });
    expect(Fl.placeAt('a -serv', 7)).toEqual({ kind: 'key', prefix: 'serv', start: 3, end: 7 });
    expect(Fl.placeAt('service:che x', 11)).toEqual({
      kind: 'value',
      key: 'service',
      prefix: 'che',
      start: 8,
      end: 11,
    });
    expect(Fl.placeAt('service:"a b', 12)).toEqual({
      kind: 'value',
      key: 'service',
      prefix: 'a b',
      start: 8,
      end: 12,
    });
    expect(Fl.placeAt('a  b', 2)).toEqual({ kind: 'key', prefix: '', start: 2, end: 2 });
  });
  it('replaces the place and puts the cursor behind it', () => {
    const key = Fl.complete('a ser', Fl.placeAt('a ser', 5), 'service');
    expect(key).toEqual({ text: 'a service:', cursor: 10 });
    const value = Fl.complete('service:che b', Fl.placeAt('service:che b', 11), 'check out');
    expect(value).toEqual({ text: 'service:"check out" b', cursor: 20 });
  });
});

it('turns byte positions of the server into positions of the text', () => {
  const text = 'あ😀b level:';
  expect(Fl.indexOfByte(text, 0)).toBe(0);
  expect(Fl.indexOfByte(text, 3)).toBe(1);
  expect(Fl.indexOfByte(text, 7)).toBe(3);
  expect(Fl.indexOfByte(text, new TextEncoder().encode(text).length)).toBe(text.length);
});

it('gives the words to mark', () => {
  expect(Fl.words('タイム*アウト "conn reset" -x service:a *')).toEqual(['タイム', 'アウト', 'conn reset']);
});

describe('withDuration', () => {
  it.each([
    ['', 1e6, 2e6, 'duration>=1ms duration<2ms'],
    ['*', 0, 1000, 'duration<1us'],
    ['service:a', 8e12, Number.POSITIVE_INFINITY, 'service:a duration>=8000s'],
    ['service:a duration>5s b', 1.25e6, 1.6e6, 'service:a b duration>=1.25ms duration<1.6ms'],
    ['a OR b', 1e9, 1.25e9, '(a OR b) duration>=1s duration<1.25s'],
    ['(a duration>1s) OR b', 1e9, 2e9, '((a duration>1s) OR b) duration>=1s duration<2s'],
    ['-duration>1s', 1e9, 2e9, '-duration>1s duration>=1s duration<2s'],
    ['a', 0, Number.POSITIVE_INFINITY, 'a'],
  ])('%s from %d to %d is %s', (text, lower, upper, want) =>
    expect(Fl.withDuration(text, lower, upper)).toBe(want),
  );
  it('loses no nanosecond', () => {
    for (const ns of [1, 999, 1_000_001, 316_227_766, 1_000_000_001, 59_999_999_999]) {
      const [, n, unit] = /^([\d.]+)(\w+)$/.exec(Fl.durationText(ns))!;
      const [whole, rest = ''] = n!.split('.');
      const digits = { s: 9, ms: 6, us: 3, ns: 0 }[unit!]!;
      expect(Number(whole + rest.padEnd(digits, '0'))).toBe(ns);
    }
  });
});
