import { describe, expect, it } from 'vitest';
import * as T from './time';

// The tests read in Tokyo (vite.config.ts).
const at = T.msOf('2026-11-22T00:12:44.123456789Z');

it('writes a point in time in both languages', () => {
  expect(T.full(at, 'ja')).toBe('2026年11月22日(日) 09:12:44.123 JST');
  expect(T.full(at, 'en', false)).toBe('Sun 22 Nov 2026 09:12:44 JST');
  expect(T.shortDate(at, 'ja')).toBe('11月22日');
});

it.each([
  [0, 'just now', 'たった今'],
  [59_000, '59 s ago', '59秒前'],
  [180_000, '3 min ago', '3分前'],
  [7_300_000, '2 h ago', '2時間前'],
  [86_400_000, '1 day ago', '1日前'],
  [200_000_000, '2 days ago', '2日前'],
  [-180_000, 'in 3 min', '3分後'],
])('%d ms before now is %s', (diff, en, ja) => {
  expect(T.relative(at - diff, at, 'en').replaceAll('\u00a0', ' ')).toBe(en);
  expect(T.relative(at - diff, at, 'ja')).toBe(ja);
});

describe('nanoseconds', () => {
  it('survive reading, writing and adding', () => {
    const s = '2026-11-22T00:12:44.123456789Z';
    expect(T.fromNs(T.nsOf(s))).toBe(s);
    expect(T.addNs(s, 1)).toBe('2026-11-22T00:12:44.123456790Z');
    expect(T.addNs('2026-11-22T00:12:44.999999999Z', 1)).toBe('2026-11-22T00:12:45.000000000Z');
    expect(T.addNs('2026-11-22T00:12:44Z', -1)).toBe('2026-11-22T00:12:43.999999999Z');
  });
  it('show as far as they are not zero', () => {
    expect(T.preciseClock('2026-11-22T00:12:44.123456Z')).toBe('09:12:44.123456');
    expect(T.preciseClock('2026-11-22T00:12:44Z')).toBe('09:12:44.000');
  });
});

describe('timeTicks', () => {
  it('are round in the zone of the reader', () => {
    const day = T.timeTicks(at, at + 3 * 86400e3, 4);
    expect(day.map((t) => T.clock(t.ms))).toEqual(['00:00:00', '00:00:00', '00:00:00']);
    const hour = T.timeTicks(at, at + 3600e3, 7);
    expect(hour.map((t) => T.tickLabel(t.ms, t.step, 'ja'))).toEqual([
      '09:20',
      '09:30',
      '09:40',
      '09:50',
      '10:00',
      '10:10',
    ]);
  });
  it('are at most as many as asked for', () => {
    for (const span of [1, 70, 5e3, 61e3, 3600e3, 86400e3, 40 * 86400e3, 400 * 86400e3])
      expect(T.timeTicks(at, at + span, 6).length).toBeLessThanOrEqual(7);
  });
  it('of an empty range are none', () => expect(T.timeTicks(at, at, 5)).toEqual([]));
});
