import { describe, expect, it } from 'vitest';
import { type Cell, columnsOf, durationsOf, histogramsOf, scaleOf, snapped, ticksOf } from './heat';

const cell = (time: number, lower: number, upper: number, count = 1, errors = 0): Cell => ({
  time,
  lower,
  upper,
  count,
  errors,
});

it('reads durations as the API writes them', () => {
  const d = durationsOf({
    step_ns: 60e9,
    bounds_ns: [0, 1000, 2000],
    cells: [
      [5, 1, 7, 2],
      [5, 2, 1, 0],
    ],
  });
  expect(d.stepMs).toBe(60e3);
  expect(d.cells).toEqual([cell(5, 1000, 2000, 7, 2), cell(5, 2000, Number.POSITIVE_INFINITY, 1, 0)]);
});

it('reads native histograms, without buckets that hold nothing', () => {
  const bucket = (lower: number | null, upper: number | null, count: number | null) => ({
    lower,
    upper,
    count,
    lower_inclusive: false,
    upper_inclusive: true,
  });
  const d = histogramsOf(
    [
      {
        time_ms: 9,
        count: 3,
        sum: 1,
        buckets: [bucket(0.1, 0.2, 2), bucket(0.2, 0.4, 0), bucket(0.4, null, 1)],
      },
    ],
    15e3,
  );
  expect(d.cells.map((c) => [c.time, c.lower, c.upper, c.count])).toEqual([
    [9, 0.1, 0.2, 2],
    [9, 0.4, Number.POSITIVE_INFINITY, 1],
  ]);
});

describe('scaleOf', () => {
  it('is logarithmic, and its value undoes its place', () => {
    const s = scaleOf([cell(0, 1e6, 1e7), cell(0, 1e8, 1e9)]);
    expect(s.log).toBe(true);
    expect(s.at(1e6)).toBe(0);
    expect(s.at(1e9)).toBe(1);
    expect(s.at(10 ** 7.5)).toBeCloseTo(0.5);
    for (const v of [2e6, 5e7, 9e8]) expect(s.value(s.at(v)) / v).toBeCloseTo(1);
  });
  it('gives what is not bounded a place', () => {
    const s = scaleOf([cell(0, 0, 1000), cell(0, 1000, Number.POSITIVE_INFINITY)]);
    expect(s.low).toBeLessThan(1000);
    expect(s.high).toBeGreaterThan(1000);
    expect([s.at(0), s.at(Number.POSITIVE_INFINITY)]).toEqual([0, 1]);
  });
  it('is linear where values are negative, and never empty', () => {
    const s = scaleOf([cell(0, -2, -1), cell(0, 1, 2)]);
    expect([s.log, s.at(0)]).toEqual([false, 0.5]);
    for (const cells of [[], [cell(0, 3, 3)]]) {
      const t = scaleOf(cells);
      expect(t.high).toBeGreaterThan(t.low);
    }
  });
});

it('labels decades, and within one the numbers between', () => {
  expect(ticksOf(scaleOf([cell(0, 1e6, 1e9)]), 5)).toEqual([1e6, 1e7, 1e8, 1e9]);
  expect(ticksOf(scaleOf([cell(0, 1e3, 1e12)]), 5).length).toBeLessThanOrEqual(5);
  expect(ticksOf(scaleOf([cell(0, 150, 800)]), 5)).toEqual([200, 500]);
  expect(ticksOf(scaleOf([cell(0, -10, 10)]), 4)).toEqual([-10, -5, 0, 5, 10]);
});

it('widens a box to whole cells', () => {
  const data = { stepMs: 10, cells: [cell(0, 1, 2), cell(10, 2, 4), cell(20, 4, 8)] };
  expect(snapped(data, { fromMs: 5, toMs: 12, lower: 1.5, upper: 2.5 })).toEqual({
    fromMs: 0,
    toMs: 20,
    lower: 1,
    upper: 4,
  });
  expect(snapped(data, { fromMs: 0, toMs: 10, lower: 5, upper: 8 })).toBeUndefined();
});

it('sums the columns for those who do not see them', () => {
  const data = {
    stepMs: 10,
    cells: [cell(10, 1, 2, 1), cell(0, 4, 8, 1, 1), cell(0, 1, 2, 18), cell(0, 2, 4, 1)],
  };
  expect(columnsOf(data)).toEqual([
    { time: 0, count: 20, errors: 1, half: 2, most: 4 },
    { time: 10, count: 1, errors: 0, half: 2, most: 2 },
  ]);
});
