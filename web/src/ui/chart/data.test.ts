import { describe, expect, it } from 'vitest';
import { clustersOf, gapsOf, gridOf, laidOn, type Mark, rangeOf, stacked, summaryOf, thinned } from './data';

describe('laidOn', () => {
  const grid = gridOf(1000, 10, 4);
  it('moves the time before onto the grid', () => {
    expect(laidOn(grid, 10, [0, 10, 30], [1, 2, 4], 1000)).toEqual([1, 2, null, 4]);
  });
  it('keeps gaps, and leaves out what lies beside the grid', () => {
    expect(laidOn(grid, 10, [-10, 0, 10, 40], [9, null, 2, 9], 1000)).toEqual([null, 2, null, null]);
    expect(laidOn([], 10, [0], [1], 0)).toEqual([]);
  });
});

describe('stacked', () => {
  it('adds up from the ground', () => {
    expect(
      stacked([
        [1, 2],
        [3, 0],
        [0, 5],
      ]),
    ).toEqual([
      [1, 2],
      [4, 2],
      [4, 7],
    ]);
  });
  it('has a gap only where all have one', () => {
    expect(
      stacked([
        [1, null, null],
        [null, 2, null],
      ]),
    ).toEqual([
      [1, 0, null],
      [1, 2, null],
    ]);
  });
});

it('finds the stretches without any data', () => {
  const rows = [
    [null, 1, null, null, 2, null],
    [null, null, null, null, 3, 0],
  ];
  expect(gapsOf(gridOf(0, 10, 6), 10, rows)).toEqual([
    [0, 10],
    [20, 40],
  ]);
  expect(gapsOf(gridOf(0, 10, 2), 10, [[null, null]])).toEqual([[0, 20]]);
  expect(gapsOf(gridOf(0, 10, 2), 10, [])).toEqual([]);
});

describe('rangeOf', () => {
  it('begins at zero unless lines run far from it', () => {
    expect(rangeOf(10, 100, 'line')[0]).toBe(0);
    expect(rangeOf(990, 1000, 'line')[0]).toBeGreaterThan(900);
    expect(rangeOf(990, 1000, 'bars')[0]).toBe(0);
    expect(rangeOf(-5, 10, 'line')[0]).toBeLessThan(-5);
  });
  it('has room for all values, and for one alone', () => {
    for (const [lo, hi] of [
      [3, 3],
      [0, 0],
      [-4, -2],
      [1, 2],
    ] as const) {
      const [from, to] = rangeOf(lo, hi, 'line');
      expect(from).toBeLessThanOrEqual(lo);
      expect(to).toBeGreaterThanOrEqual(hi);
      expect(to).toBeGreaterThan(from);
    }
  });
  it('shows a threshold unless that would flatten the rest', () => {
    const at = (value: number) => rangeOf(0, 100, 'line', [{ value, label: '' }])[1];
    expect(at(250)).toBeGreaterThan(250);
    expect(at(1000)).toBeLessThan(200);
    expect(rangeOf(null, null, 'line', [{ value: 7, label: '' }])).toEqual([0, 7]);
  });
});

it('summarises what is there', () => {
  expect(summaryOf([1, null, 5])).toEqual({ last: 5, min: 1, max: 5, mean: 3 });
  expect(summaryOf([null, Number.NaN])).toEqual({ last: null, min: null, max: null, mean: null });
});

it('joins marks that would stand on each other', () => {
  const mark = (time: number): Mark => ({ time, kind: 'release', title: String(time) });
  const got = clustersOf([mark(300), mark(100), mark(110), mark(118)], (ms) => ms, 16);
  expect(got.map((c) => [c.x, c.marks.map((m) => m.time)])).toEqual([
    [100, [100, 110]],
    [118, [118]],
    [300, [300]],
  ]);
});

it('thins a long list out, evenly', () => {
  expect(thinned(5, 60)).toEqual([0, 1, 2, 3, 4]);
  expect(thinned(120, 60).length).toBe(60);
  expect(thinned(121, 60).at(-1)).toBe(120);
  expect(thinned(0, 60)).toEqual([]);
});
