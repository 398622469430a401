import { expect, test } from 'vitest';
import { failing, failingSince, lastFailure, quiet, releaseBefore, shares, slower } from './red';

const steady = (n: number, v: number) => new Array<number>(n).fill(v);

test('a sudden rise of errors is found where it begins', () => {
  const errors = [...steady(20, 1), ...steady(10, 30)];
  expect(failingSince({ count: steady(30, 1000), errors })).toBe(20);
});

test('errors as always, errors that are over and single errors have no beginning', () => {
  expect(failingSince({ count: steady(30, 1000), errors: steady(30, 20) })).toBeUndefined();
  const over = [...steady(10, 0), ...steady(5, 200), ...steady(15, 0)];
  expect(failingSince({ count: steady(30, 1000), errors: over })).toBeUndefined();
  const one = [...steady(29, 0), 1];
  expect(failingSince({ count: steady(30, 1000), errors: one })).toBeUndefined();
  expect(failingSince({ count: [], errors: [] })).toBeUndefined();
});

test('a service that was not called before its errors has no beginning of them', () => {
  const count = [...steady(20, 0), ...steady(10, 100)];
  const errors = [...steady(20, 0), ...steady(10, 50)];
  expect(failingSince({ count, errors })).toBeUndefined();
});

test('errors are over when requests came since and none of them failed', () => {
  const errors = [...steady(10, 0), 3, ...steady(19, 0)];
  expect(lastFailure({ count: steady(30, 10), errors })).toBe(10);
  expect(lastFailure({ count: [...steady(20, 10), ...steady(10, 0)], errors })).toBeUndefined();
  expect(lastFailure({ count: steady(30, 10), errors: steady(30, 1) })).toBeUndefined();
  expect(lastFailure({ count: steady(30, 10), errors: steady(30, 0) })).toBeUndefined();
});

const red = (count: number, errors: number, p95_ms: number) => ({
  count,
  errors,
  p95_ns: p95_ms * 1e6,
  total_ns: 0,
});

test('slower and failing ask for enough to go by', () => {
  expect(slower(red(100, 0, 300), red(100, 0, 200))).toBe(true);
  expect(slower(red(100, 0, 220), red(100, 0, 200))).toBe(false);
  expect(slower(red(100, 0, 4), red(100, 0, 2))).toBe(false);
  expect(slower(red(5, 0, 300), red(100, 0, 200))).toBe(false);
  expect(slower(red(100, 0, 300), undefined)).toBe(false);
  expect(failing(red(1000, 5, 1), red(1000, 5, 1))).toBe(false);
  expect(failing(red(1000, 5, 1), red(1000, 0, 1))).toBe(true);
  expect(failing(red(1000, 50, 1), red(1000, 50, 1))).toBe(true);
  expect(failing(red(10, 2, 1), undefined)).toBe(false);
});

test('quiet is far less than before, where there was something', () => {
  expect(quiet(red(10, 0, 1), red(100, 0, 1))).toBe(true);
  expect(quiet(red(50, 0, 1), red(100, 0, 1))).toBe(false);
  expect(quiet(red(0, 0, 1), red(10, 0, 1))).toBe(false);
});

test('a gap is no share', () => {
  expect(shares([0, 1, 5], [0, 2, 10])).toEqual([null, 0.5, 0.5]);
});

test('the release is the one that began just before', () => {
  const from = Date.parse('2026-11-22T00:00:00Z');
  const versions = [
    { version: '1', first: '2026-11-22T00:00:00.123456789Z' },
    { version: '2', first: '2026-11-22T10:01:30Z' },
    { version: '3', first: '2026-11-22T14:00:00Z' },
  ];
  const at = (t: string) => releaseBefore(versions, Date.parse(t), from, 60e3)?.version;
  expect(at('2026-11-22T10:02:00Z')).toBe('2');
  expect(at('2026-11-22T10:01:00Z')).toBe('2');
  expect(at('2026-11-22T12:00:00Z')).toBeUndefined();
  expect(at('2026-11-22T00:03:00Z')).toBeUndefined();
});
