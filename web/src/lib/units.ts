// What a number on a chart is, and how it is written: short on axes and in tables, in full
// on hover and in copies.
import * as F from './format';

/** duration is in nanoseconds, share is 0..1, value is a number of unknown meaning. */
export type Unit = 'count' | 'duration' | 'share' | 'bytes' | 'perMinute' | 'perSecond' | 'value';

export function say(n: number | null | undefined, unit: Unit, lang: F.Lang): string {
  if (n === null || n === undefined || Number.isNaN(n)) return '–';
  switch (unit) {
    case 'count':
      return F.count(n);
    case 'duration':
      return F.duration(n, lang);
    case 'share':
      return n < 0 ? `-${F.percent(-n)}` : F.percent(n);
    case 'bytes':
      return F.bytes(n);
    case 'perMinute':
      return F.perMinute(n, lang);
    case 'perSecond':
      return F.perSecond(n, lang);
    case 'value':
      return F.metricValue(n);
  }
}

/** exact writes all digits that the number has. */
export function exact(n: number | null | undefined, unit: Unit, lang: F.Lang): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return say(n, unit, lang);
  switch (unit) {
    case 'duration':
      return F.exactDuration(n);
    case 'share':
      return `${F.group(Number((n * 100).toPrecision(6)))}\u00a0%`;
    case 'count':
      return F.group(n);
    case 'bytes':
      return `${F.group(n)}\u00a0B`;
    case 'perMinute':
    case 'perSecond':
      return say(n, unit, lang);
    case 'value':
      return String(n);
  }
}

/** What became of a number since the day or the week before. */
export type Change =
  | { kind: 'same' | 'new' | 'gone' | 'unknown' }
  /** share of the earlier number; by is the difference. */
  | { kind: 'changed'; share: number; by: number };

export function change(now: number | null | undefined, before: number | null | undefined): Change {
  const known = (n: number | null | undefined): n is number => typeof n === 'number' && Number.isFinite(n);
  if (!known(now) || !known(before)) return { kind: 'unknown' };
  if (now === before) return { kind: 'same' };
  if (before === 0) return { kind: 'new' };
  if (now === 0) return { kind: 'gone' };
  return { kind: 'changed', share: (now - before) / Math.abs(before), by: now - before };
}

const sign = (n: number) => (n > 0 ? '+' : '−');

/** sayChange: +38 %, −4.2 %, ×12; of shares the points by which they differ: +0.3 pt. */
export function sayChange(c: Change & { kind: 'changed' }, unit: Unit): string {
  const a = Math.abs(unit === 'share' ? c.by : c.share);
  if (unit === 'share') return `${sign(c.by)}${F.sig3(round(a * 100))}\u00a0pt`;
  if (c.share >= 9) return `×${F.sig3(round(c.share + 1))}`;
  return `${sign(c.share)}${F.sig3(round(a * 100))}\u00a0%`;
}

/** Two digits are enough for a difference; what is not all does not read as all. */
function round(n: number): number {
  if (n > 99 && n < 100) return Math.floor(n * 10) / 10;
  return n >= 100 ? Math.round(n) : Number(n.toPrecision(2));
}
