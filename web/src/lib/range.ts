// The time range of a page, as the address holds it: two texts, each relative to now
// ("-1h", "now") or a point in time in RFC 3339. What people type is read more freely.

export interface Range {
  from: string;
  to: string;
}

export const DEFAULT_RANGE: Range = { from: '-1h', to: 'now' };

export interface Resolved {
  fromMs: number;
  toMs: number;
  /** relative says that the range moves with the clock. */
  relative: boolean;
}

const unitMs: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

/** resolve turns a range into milliseconds; a range that makes no sense is the default one. */
export function resolve(r: Range, now: number): Resolved {
  const from = point(r.from, now);
  const to = point(r.to, now);
  if (from === undefined || to === undefined || from >= to) return resolve(DEFAULT_RANGE, now);
  return { fromMs: from, toMs: to, relative: isRelative(r.from) || isRelative(r.to) };
}

export function isValid(r: Range, now: number): boolean {
  const from = point(r.from, now);
  const to = point(r.to, now);
  return from !== undefined && to !== undefined && from < to;
}

function isRelative(s: string): boolean {
  return s === 'now' || s.startsWith('-');
}

function point(s: string, now: number): number | undefined {
  if (s === 'now') return now;
  const m = /^-(\d+)(s|m|h|d|w)$/.exec(s);
  if (m) return now - Number(m[1]) * unitMs[m[2]!]!;
  if (!/^\d{4}-\d\d-\d\dT/.test(s)) return undefined;
  const ms = Date.parse(s.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(ms) ? undefined : ms;
}

/** lengthOf reads the relative text of a range that ends now: "-90m" is [90, "m"]. */
export function lengthOf(r: Range): [number, string] | undefined {
  const m = r.to === 'now' ? /^-(\d+)(s|m|h|d|w)$/.exec(r.from) : null;
  return m ? [Number(m[1]), m[2]!] : undefined;
}

/** absolute pins a range, for permalinks. */
export function absolute(r: Resolved): Range {
  return { from: new Date(r.fromMs).toISOString(), to: new Date(r.toMs).toISOString() };
}

/** between makes a range of two points, at least a millisecond long. */
export function between(a: number, b: number): Range {
  const from = Math.floor(Math.min(a, b));
  const to = Math.max(Math.ceil(Math.max(a, b)), from + 1);
  return absolute({ fromMs: from, toMs: to, relative: false });
}

/** Compare is what a range is compared with: the same hours of the day or week before. */
export type Compare = 'day' | 'week';

/** backMs is how far back that lies. */
export const backMs: Record<Compare, number> = { day: 86_400e3, week: 7 * 86_400e3 };

export function isCompare(s: string | undefined): s is Compare {
  return s === 'day' || s === 'week';
}

/** shift moves a range by a share of its length, never beyond now. */
export function shift(r: Resolved, share: number, now: number): Range {
  const length = r.toMs - r.fromMs;
  const to = Math.min(r.toMs + length * share, now);
  return between(to - length, to);
}

/** widen doubles a range around its middle, never beyond now. */
export function widen(r: Resolved, now: number): Range {
  const length = r.toMs - r.fromMs;
  const to = Math.min(r.toMs + length / 2, now);
  return between(to - length * 2, to);
}

/** parsePoint reads what a person types for one end: now, -2h, 2h, 9:30, 11/22 9:30,
 * 2026-11-22, 2026-11-22 09:12:44.5, 2026年11月22日 9:12, RFC 3339 or epoch seconds to
 * nanoseconds. The result is as the address holds it; undefined when it is not understood. */
export function parsePoint(text: string, now: number): string | undefined {
  const s = text
    .normalize('NFKC')
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/\([月火水木金土日]\)/, '')
    .replace(/ [A-Z]{3,4}$/, '');
  if (/^(now|今|現在)$/i.test(s)) return 'now';
  const rel =
    /^(?:now ?)?-? ?(\d+) ?(s|sec|秒|m|min|分|h|hour|時間|d|day|日|w|week|週間?)(?:s)?(?: ?(?:ago|前))?$/i.exec(
      s,
    );
  if (rel) return `-${Number(rel[1])}${unitOf(rel[2]!)}`;
  if (/^\d{10}$/.test(s)) return new Date(Number(s) * 1e3).toISOString();
  if (/^\d{13}$/.test(s)) return new Date(Number(s)).toISOString();
  if (/^\d{16}$/.test(s)) return new Date(Number(s) / 1e3).toISOString();
  if (/^\d{19}$/.test(s)) return new Date(Number(s) / 1e6).toISOString();
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/i.test(s)) {
    const ms = Date.parse(s);
    return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
  }
  const m =
    /^(?:(?:(\d{4})[-/年])?(\d{1,2})[-/月](\d{1,2})日?)?[ T]?(?:(\d{1,2})[:時](\d{1,2})?分?(?::?(\d{1,2})(?:\.(\d{1,9}))?秒?)?)?$/.exec(
      s,
    );
  if (!m || s === '' || (m[3] === undefined && m[4] === undefined)) return undefined;
  const today = new Date(now);
  const year = m[1] ? Number(m[1]) : today.getFullYear();
  const month = m[2] ? Number(m[2]) - 1 : today.getMonth();
  const day = m[3] ? Number(m[3]) : today.getDate();
  const [h, min, sec] = [Number(m[4] ?? 0), Number(m[5] ?? 0), Number(m[6] ?? 0)];
  const msec = Number((m[7] ?? '').padEnd(3, '0').slice(0, 3));
  const d = new Date(year, month, day, h, min, sec, msec);
  // 31 November or 25:00 would roll over silently.
  if (d.getMonth() !== month || d.getDate() !== day || h > 23 || min > 59 || sec > 59) return undefined;
  return d.toISOString();
}

function unitOf(u: string): string {
  const l = u.toLowerCase();
  if (l.startsWith('s') || l === '秒') return 's';
  if (l.startsWith('m') || l === '分') return 'm';
  if (l.startsWith('h') || l === '時間') return 'h';
  if (l.startsWith('d') || l === '日') return 'd';
  return 'w';
}

/** editable writes one end so that parsePoint reads it back: "-1h" or "2026-11-22 09:12:44". */
export function editable(s: string): string {
  if (isRelative(s)) return s;
  const ms = Date.parse(s.replace(/(\.\d{3})\d+/, '$1'));
  if (Number.isNaN(ms)) return s;
  const d = new Date(ms);
  const p = (n: number, w = 2) => String(n).padStart(w, '0');
  const frac = d.getMilliseconds() ? `.${p(d.getMilliseconds(), 3)}` : '';
  return `${d.getFullYear()}-${p(d.getMonth() + 1)}-${p(d.getDate())} ${p(d.getHours())}:${p(d.getMinutes())}:${p(d.getSeconds())}${frac}`;
}

/** today, yesterday and the running week (from Monday), in the reader's zone. */
export function named(name: 'today' | 'yesterday' | 'week', now: number): Range {
  const d = new Date(now);
  d.setHours(0, 0, 0, 0);
  if (name === 'yesterday') {
    const end = d.getTime();
    d.setDate(d.getDate() - 1);
    return between(d.getTime(), end);
  }
  if (name === 'week') d.setDate(d.getDate() - ((d.getDay() + 6) % 7));
  return { from: d.toISOString(), to: 'now' };
}
