// Numbers, durations and sizes as people read them: three significant digits, a unit
// always, the same in tables, charts and sentences. Pure; no locale data is needed, so
// that both languages and every browser agree. Durations are nanoseconds.

export type Lang = 'en' | 'ja';

const NBSP = '\u00a0';

/** sig3 writes a number below 1000 with three significant digits and no trailing zeros. */
export function sig3(n: number): string {
  const a = Math.abs(n);
  if (a === 0) return '0';
  const digits = a >= 100 ? 0 : a >= 10 ? 1 : a >= 1 ? 2 : Math.min(8, 2 - Math.floor(Math.log10(a)));
  const s = n.toFixed(digits);
  return s.includes('.') ? s.replace(/\.?0+$/, '') : s;
}

/** group writes an integer in full with thousands separators: 1,234,567. */
export function group(n: number): string {
  const [int = '', frac] = String(n).split('.');
  const grouped = int.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return frac ? `${grouped}.${frac}` : grouped;
}

const decimal: [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

function scaled(n: number, from: number): string {
  for (const [unit, suffix] of decimal) {
    // 999,950 would round to 1000k.
    if (Math.abs(n) >= unit * 0.9995 && unit >= from) return sig3(n / unit) + suffix;
  }
  return sig3(n);
}

/** count: whole up to 9,999, then 12.4k, 1.24M. */
export function count(n: number): string {
  if (!Number.isFinite(n)) return '–';
  if (Number.isInteger(n) && Math.abs(n) < 10_000) return group(n);
  return scaled(n, 1e3);
}

/** perMinute: 0.2/min, 12.4k/min. */
export function perMinute(n: number, lang: Lang): string {
  if (!Number.isFinite(n)) return '–';
  return `${Math.abs(n) >= 1000 ? scaled(n, 1e3) : sig3(n)}/${lang === 'ja' ? '分' : 'min'}`;
}

/** perSecond: 0.2/s, 12.4k/s. */
export function perSecond(n: number, lang: Lang): string {
  if (!Number.isFinite(n)) return '–';
  return `${Math.abs(n) >= 1000 ? scaled(n, 1e3) : sig3(n)}/${lang === 'ja' ? '秒' : 's'}`;
}

/** percent of a share in 0..1. What is not zero never shows as zero. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–';
  const p = share * 100;
  if (p === 0) return `0${NBSP}%`;
  if (p < 0.01) return `<0.01${NBSP}%`;
  if (p > 99.99 && p < 100) return `>99.99${NBSP}%`;
  return `${p >= 99 ? trim(p.toFixed(2)) : p >= 10 ? trim(p.toFixed(1)) : trim(p.toFixed(2))}${NBSP}%`;
}

function trim(s: string): string {
  return s.includes('.') ? s.replace(/\.?0+$/, '') : s;
}

const US = 1e3;
const MS = 1e6;
const S = 1e9;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;

/** duration: 850 ns, 12.3 µs, 320 ms, 1.24 s / 1.24秒, 2 min 3 s / 2分3秒, 3 d 4 h / 3日4時間. */
export function duration(ns: number, lang: Lang): string {
  if (!Number.isFinite(ns)) return '–';
  const a = Math.abs(ns);
  if (a === 0) return `0${NBSP}ms`;
  if (a < US) return `${sig3(ns)}${NBSP}ns`;
  if (a < MS * 0.9995) return `${sig3(ns / US)}${NBSP}µs`;
  if (a < S * 0.9995) return `${sig3(ns / MS)}${NBSP}ms`;
  if (a < MIN * 0.9995) return `${sig3(ns / S)}${lang === 'ja' ? '秒' : `${NBSP}s`}`;
  const units: [number, string, string][] = [
    [DAY, 'd', '日'],
    [HOUR, 'h', '時間'],
    [MIN, 'min', '分'],
    [S, 's', '秒'],
  ];
  for (let i = 0; i < units.length - 1; i++) {
    const [big, en, ja] = units[i]!;
    const [small, enSmall, jaSmall] = units[i + 1]!;
    // Round to the small unit first, so that 59.6 s of rest does not read "60 s".
    const total = Math.round(a / small) * small;
    if (total < big) continue;
    const high = Math.floor(total / big);
    const low = Math.round((total - high * big) / small);
    const sign = ns < 0 ? '-' : '';
    if (lang === 'ja') return `${sign}${high}${ja}${low ? `${low}${jaSmall}` : ''}`;
    return `${sign}${high}${NBSP}${en}${low ? ` ${low}${NBSP}${enSmall}` : ''}`;
  }
  return '–';
}

/** exactDuration writes all digits, for hover and copies: 1,240.532113 ms. */
export function exactDuration(ns: number): string {
  return `${group(ns / MS)}${NBSP}ms`;
}

/** bytes in powers of ten: 512 B, 1.24 GB. */
export function bytes(n: number): string {
  if (!Number.isFinite(n)) return '–';
  for (const [unit, suffix] of decimal) {
    if (Math.abs(n) >= unit * 0.9995) return `${sig3(n / unit)}${NBSP}${suffix}B`;
  }
  return `${sig3(n)}${NBSP}B`;
}

/** value of a metric, whose unit is often unknown: compact, but small numbers keep their digits. */
export function metricValue(n: number): string {
  if (!Number.isFinite(n)) return String(n);
  const a = Math.abs(n);
  if (a !== 0 && (a < 1e-4 || a >= 1e15)) return n.toExponential(2);
  return a >= 1000 ? (Number.isInteger(n) && a < 10_000 ? group(n) : scaled(n, 1e3)) : sig3(n);
}
