import { describe, expect, it } from 'vitest';
import * as R from './range';

const now = Date.parse('2026-11-22T00:12:44.000Z'); // 09:12:44 in Tokyo, a Sunday

describe('resolve', () => {
  it('moves a relative range with the clock', () => {
    expect(R.resolve({ from: '-1h', to: 'now' }, now)).toEqual({
      fromMs: now - 3600e3,
      toMs: now,
      relative: true,
    });
  });
  it('takes nanoseconds', () => {
    const r = R.resolve({ from: '2026-11-21T00:00:00.123456789Z', to: '2026-11-21T01:00:00Z' }, now);
    expect(r).toEqual({
      fromMs: Date.parse('2026-11-21T00:00:00.123Z'),
      toMs: Date.parse('2026-11-21T01:00:00Z'),
      relative: false,
    });
  });
  it.each([
    ['x', 'now'],
    ['now', '-1h'],
    ['2026-13-01T00:00:00Z', 'now'],
    ['-1h', '-1h'],
  ])('falls back to the default for %s to %s', (from, to) => {
    expect(R.resolve({ from, to }, now)).toEqual(R.resolve(R.DEFAULT_RANGE, now));
    expect(R.isValid({ from, to }, now)).toBe(false);
  });
});

describe('parsePoint', () => {
  it.each([
    ['now', 'now'],
    ['現在', 'now'],
    ['-90m', '-90m'],
    ['2h', '-2h'],
    ['3 hours ago', '-3h'],
    ['30分前', '-30m'],
    ['２時間', '-2h'],
    ['1週間', '-1w'],
    ['now-15m', '-15m'],
    ['9:30', '2026-11-22T00:30:00.000Z'],
    ['11/21 9:30', '2026-11-21T00:30:00.000Z'],
    ['2026-11-22', '2026-11-21T15:00:00.000Z'],
    ['2026-11-22 09:12:44.5', '2026-11-22T00:12:44.500Z'],
    ['2026年11月22日(日) 09:12:44', '2026-11-22T00:12:44.000Z'],
    ['2026年11月22日9時12分', '2026-11-22T00:12:00.000Z'],
    ['2026-11-22T00:12:44Z', '2026-11-22T00:12:44.000Z'],
    ['2026-11-22 09:12:44 JST', '2026-11-22T00:12:44.000Z'],
    ['1795306364', '2026-11-22T00:12:44.000Z'],
    ['1795306364000', '2026-11-22T00:12:44.000Z'],
    ['1795306364000000000', '2026-11-22T00:12:44.000Z'],
  ])('reads %s', (text, want) => expect(R.parsePoint(text, now)).toBe(want));
  it.each(['', 'yesterdayish', '25:00', '2026-11-31', '11/22 9:61', '--', '1h2'])('refuses %s', (text) =>
    expect(R.parsePoint(text, now)).toBeUndefined(),
  );
  it('reads back what editable writes', () => {
    for (const s of ['-1h', 'now', '2026-11-22T00:12:44.000Z', '2026-11-22T00:12:44.500Z'])
      expect(R.parsePoint(R.editable(s), now)).toBe(s);
  });
});

it('shifts and widens, but not beyond now', () => {
  const r = { fromMs: now - 7200e3, toMs: now - 3600e3, relative: false };
  expect(R.shift(r, -0.5, now)).toEqual({
    from: new Date(now - 9000e3).toISOString(),
    to: new Date(now - 5400e3).toISOString(),
  });
  expect(R.shift({ ...r, toMs: now, fromMs: now - 3600e3 }, 0.5, now).to).toBe(new Date(now).toISOString());
  const wide = R.widen({ ...r, fromMs: now - 3600e3, toMs: now }, now);
  expect(wide).toEqual({ from: new Date(now - 7200e3).toISOString(), to: new Date(now).toISOString() });
});

it('makes a range of two points in either order', () => {
  expect(R.between(2000.6, 1000.4)).toEqual({
    from: new Date(1000).toISOString(),
    to: new Date(2001).toISOString(),
  });
  expect(R.between(1000, 1000).to).toBe(new Date(1001).toISOString());
});

it('begins the week on Monday', () => {
  expect(R.named('week', now)).toEqual({ from: '2026-11-15T15:00:00.000Z', to: 'now' });
  expect(R.named('yesterday', now)).toEqual({
    from: '2026-11-20T15:00:00.000Z',
    to: '2026-11-21T15:00:00.000Z',
  });
});
