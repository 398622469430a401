import { describe, expect, it } from 'vitest';
import { change, exact, say, sayChange, type Unit } from './units';

const plain = (s: string) => s.replaceAll('\u00a0', ' ');

it('writes each unit short, and in full', () => {
  expect(plain(say(1.2449e9, 'duration', 'en'))).toBe('1.24 s');
  expect(say(1.2449e9, 'duration', 'ja')).toBe('1.24秒');
  expect(plain(exact(1.2449e9, 'duration', 'en'))).toBe('1,244.9 ms');
  expect(plain(say(0.0123, 'share', 'en'))).toBe('1.23 %');
  expect(plain(exact(0.012345678, 'share', 'en'))).toBe('1.23457 %');
  expect(exact(12_412, 'count', 'en')).toBe('12,412');
  for (const unit of ['count', 'duration', 'share', 'bytes', 'perMinute', 'perSecond', 'value'] as Unit[]) {
    expect(say(null, unit, 'en')).toBe('–');
    expect(exact(undefined, unit, 'ja')).toBe('–');
  }
});

describe('change', () => {
  it('tells what cannot be a share apart', () => {
    expect(change(5, 0)).toEqual({ kind: 'new' });
    expect(change(0, 5)).toEqual({ kind: 'gone' });
    expect(change(0, 0)).toEqual({ kind: 'same' });
    expect(change(3, null)).toEqual({ kind: 'unknown' });
    expect(change(Number.NaN, 3)).toEqual({ kind: 'unknown' });
  });
  it.each([
    [138, 100, 'count', '+38 %'],
    [95.8, 100, 'count', '−4.2 %'],
    [1200, 100, 'count', '×12'],
    [900, 100, 'count', '+800 %'],
    [1, 200, 'count', '−99.5 %'],
    [0.004, 0.001, 'share', '+0.3 pt'],
    [0.5, 0.75, 'share', '−25 pt'],
  ] as [number, number, Unit, string][])('%d after %d (%s) is %s', (now, before, unit, want) => {
    const c = change(now, before);
    expect(c.kind).toBe('changed');
    expect(plain(sayChange(c as never, unit))).toBe(want);
  });
});
