// Points in time as people read them, in the zone of the browser. Stored times are RFC
// 3339 with nanoseconds; a Date holds milliseconds, so the rest is kept apart.
import type { Lang } from './format';

const weekdays = {
  en: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
  ja: ['日', '月', '火', '水', '木', '金', '土'],
};
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (n: number) => String(n).padStart(2, '0');
const three = (n: number) => String(n).padStart(3, '0');

/** clock: 09:12:44, with milliseconds on demand. */
export function clock(ms: number, withMs = false): string {
  const d = new Date(ms);
  const hms = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  return withMs ? `${hms}.${three(d.getMilliseconds())}` : hms;
}

/** date: Sun 22 Nov 2026, 2026年11月22日(日). */
export function date(ms: number, lang: Lang): string {
  const d = new Date(ms);
  const day = weekdays[lang][d.getDay()];
  if (lang === 'ja') return `${d.getFullYear()}年${d.getMonth() + 1}月${d.getDate()}日(${day})`;
  return `${day} ${d.getDate()} ${months[d.getMonth()]} ${d.getFullYear()}`;
}

/** shortDate leaves the year out: 22 Nov, 11月22日. */
export function shortDate(ms: number, lang: Lang): string {
  const d = new Date(ms);
  return lang === 'ja' ? `${d.getMonth() + 1}月${d.getDate()}日` : `${d.getDate()} ${months[d.getMonth()]}`;
}

/** zone is the short name of the reader's zone at that time: JST, UTC, GMT+9. */
export function zone(ms: number): string {
  const offset = -new Date(ms).getTimezoneOffset();
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (name === 'Asia/Tokyo') return 'JST';
  if (name === 'UTC' || name === 'Etc/UTC') return 'UTC';
  const part = new Intl.DateTimeFormat('en', { timeZoneName: 'short' })
    .formatToParts(ms)
    .find((p) => p.type === 'timeZoneName');
  if (part) return part.value;
  const sign = offset < 0 ? '-' : '+';
  return `UTC${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

/** full: Sun 22 Nov 2026 09:12:44.123 JST, 2026年11月22日(日) 09:12:44.123 JST. */
export function full(ms: number, lang: Lang, withMs = true): string {
  return `${date(ms, lang)} ${clock(ms, withMs)} ${zone(ms)}`;
}

/** relative: just now, 3 min ago, in 2 h; たった今, 3分前, 2時間後. */
export function relative(ms: number, now: number, lang: Lang): string {
  const diff = now - ms;
  const a = Math.abs(diff) / 1000;
  if (a < 1) return lang === 'ja' ? 'たった今' : 'just now';
  const [n, en, ja] =
    a < 60
      ? [a, 's', '秒']
      : a < 3600
        ? [a / 60, 'min', '分']
        : a < 86_400
          ? [a / 3600, 'h', '時間']
          : [a / 86_400, a < 172_800 ? 'day' : 'days', '日'];
  const whole = Math.floor(n as number);
  if (lang === 'ja') return `${whole}${ja}${diff >= 0 ? '前' : '後'}`;
  return diff >= 0 ? `${whole}\u00a0${en} ago` : `in ${whole}\u00a0${en}`;
}

/** msOf reads an RFC 3339 time; what is finer than a millisecond is cut. */
export function msOf(rfc3339: string): number {
  return Date.parse(rfc3339.replace(/(\.\d{3})\d+/, '$1'));
}

/** nsOf reads an RFC 3339 time in full. */
export function nsOf(rfc3339: string): bigint {
  const frac = /\.(\d{1,9})/.exec(rfc3339)?.[1] ?? '';
  const whole = Date.parse(rfc3339.replace(/\.\d+/, ''));
  return BigInt(whole) * 1_000_000n + BigInt(frac.padEnd(9, '0'));
}

/** fromNs writes nanoseconds since 1970 as RFC 3339 in UTC. */
export function fromNs(ns: bigint): string {
  const ms = ns / 1_000_000n;
  const base = new Date(Number(ms)).toISOString().slice(0, 19);
  return `${base}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}

/** addNs shifts an RFC 3339 time. */
export function addNs(rfc3339: string, ns: number | bigint): string {
  return fromNs(nsOf(rfc3339) + BigInt(Math.round(Number(ns))));
}

/** preciseClock: 09:12:44.123456, as far as the time has digits that are not zero. */
export function preciseClock(rfc3339: string): string {
  const ms = msOf(rfc3339);
  const frac = (/\.(\d+)/.exec(rfc3339)?.[1] ?? '').padEnd(3, '0').replace(/0+$/, '').padEnd(3, '0');
  return `${clock(ms)}.${frac}`;
}

const ticks = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1e3,
  2e3,
  5e3,
  10e3,
  15e3,
  30e3,
  60e3,
  2 * 60e3,
  5 * 60e3,
  10 * 60e3,
  15 * 60e3,
  30 * 60e3,
  3600e3,
  2 * 3600e3,
  3 * 3600e3,
  6 * 3600e3,
  12 * 3600e3,
  86400e3,
  2 * 86400e3,
  7 * 86400e3,
  14 * 86400e3,
  28 * 86400e3,
];

/** timeTicks gives round times of the reader's zone in a range, at most max of them. */
export function timeTicks(from: number, to: number, max: number): { ms: number; step: number }[] {
  const span = to - from;
  if (!(span > 0) || max < 1) return [];
  const step = ticks.find((s) => span / s <= max) ?? Math.ceil(span / max / 86400e3) * 86400e3;
  const shift = new Date(from).getTimezoneOffset() * 60e3;
  const out = [];
  for (let t = Math.ceil((from - shift) / step) * step + shift; t <= to; t += step) out.push({ ms: t, step });
  return out;
}

/** tickAnchor keeps a label of the time axis inside its drawing: one at the right edge
 * ends there instead of standing around its tick. */
export function tickAnchor(x: number, width: number): { x: number; textAnchor: 'middle' | 'end' } {
  const half = 30;
  return x + half > width ? { x: width - 1, textAnchor: 'end' } : { x, textAnchor: 'middle' };
}

/** tickLabel writes a tick as short as it can be without doubt. */
export function tickLabel(ms: number, step: number, lang: Lang): string {
  const d = new Date(ms);
  if (step >= 86400e3) return shortDate(ms, lang);
  if (d.getHours() === 0 && d.getMinutes() === 0 && d.getSeconds() === 0 && d.getMilliseconds() === 0)
    return shortDate(ms, lang);
  if (step >= 60e3) return `${two(d.getHours())}:${two(d.getMinutes())}`;
  if (step >= 1e3) return clock(ms);
  return clock(ms, true);
}
