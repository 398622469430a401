import { describe, expect, it } from 'vitest';
import * as F from './format';

const plain = (s: string) => s.replaceAll('\u00a0', ' ');

describe('count', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [9999, '9,999'],
    [10_000, '10k'],
    [12_412, '12.4k'],
    [999_400, '999k'],
    [999_700, '1M'],
    [1_240_000, '1.24M'],
    [7_800_000_000, '7.8G'],
    [Number.NaN, '–'],
  ])('%d is %s', (n, want) => expect(F.count(n)).toBe(want));
});

describe('duration', () => {
  it.each([
    [0, '0 ms', '0 ms'],
    [850, '850 ns', '850 ns'],
    [12_345, '12.3 µs', '12.3 µs'],
    [999_990, '1 ms', '1 ms'],
    [320e6, '320 ms', '320 ms'],
    [999.7e6, '1 s', '1秒'],
    [1.2449e9, '1.24 s', '1.24秒'],
    [28.8e9, '28.8 s', '28.8秒'],
    [59.99e9, '1 min', '1分'],
    [123e9, '2 min 3 s', '2分3秒'],
    [3600e9, '1 h', '1時間'],
    [3599.9e9, '1 h', '1時間'],
    [(26 * 3600 + 40 * 60) * 1e9, '1 d 3 h', '1日3時間'],
    [-1.5e9, '-1.5 s', '-1.5秒'],
  ])('%d ns is %s', (ns, en, ja) => {
    expect(plain(F.duration(ns, 'en'))).toBe(en);
    expect(plain(F.duration(ns, 'ja'))).toBe(ja);
  });
});

describe('percent', () => {
  it.each([
    [0, '0 %'],
    [0.00001, '<0.01 %'],
    [0.0003, '0.03 %'],
    [0.0162, '1.62 %'],
    [0.128, '12.8 %'],
    [0.99951, '99.95 %'],
    [0.999999, '>99.99 %'],
    [1, '100 %'],
  ])('%d is %s', (n, want) => expect(plain(F.percent(n))).toBe(want));
});

it('writes rates with the unit of the language', () => {
  expect(F.perMinute(12_412, 'en')).toBe('12.4k/min');
  expect(F.perMinute(0.25, 'ja')).toBe('0.25/分');
  expect(F.perSecond(3.4, 'ja')).toBe('3.4/秒');
});

it('writes sizes in powers of ten', () => {
  expect(plain(F.bytes(512))).toBe('512 B');
  expect(plain(F.bytes(999_900))).toBe('1 MB');
  expect(plain(F.bytes(1.2449e9))).toBe('1.24 GB');
});

it('keeps the digits of small metric values', () => {
  expect(F.metricValue(0.00123)).toBe('0.00123');
  expect(F.metricValue(1234.5)).toBe('1.23k');
  expect(F.metricValue(0)).toBe('0');
  expect(F.metricValue(Number.POSITIVE_INFINITY)).toBe('Infinity');
});

it('groups digits without touching the fraction', () => {
  expect(F.group(1234567)).toBe('1,234,567');
  expect(F.group(1240.532113)).toBe('1,240.532113');
});
