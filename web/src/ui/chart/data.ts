// What charts are made of, and the arithmetic on it. Pure. Times are milliseconds; a null
// is a gap, never a zero.

export interface Series {
  key: string;
  label: string;
  /** A colour or a variable of theme.css: var(--y-level-error). */
  color: string;
  values: readonly (number | null)[];
  /** before is the same of the day or week before, laid on the same times. */
  before?: readonly (number | null)[];
}

/** Series on one grid of times. A bar stands from its time to a step later. */
export interface ChartData {
  times: readonly number[];
  stepMs: number;
  series: readonly Series[];
}

export type Kind = 'line' | 'area' | 'bars';

/** Something that happened, marked on the strip over every chart of a page. */
export interface Mark {
  /** time in milliseconds. */
  time: number;
  kind: MarkKind;
  title: string;
  /** href is an address within Yagura. */
  href?: string;
}
export type MarkKind = 'release' | 'alert' | 'incident' | 'maintenance' | 'decision';

export interface Threshold {
  value: number;
  label: string;
}

/** The margins of every chart, so that times stand under each other down a page. */
export const LEFT = 60;
export const RIGHT = 26;
export const AXIS = 22;

/** gridOf is the times of n steps from a beginning. */
export function gridOf(fromMs: number, stepMs: number, n: number): number[] {
  return Array.from({ length: Math.max(0, n) }, (_, i) => fromMs + i * stepMs);
}

/** laidOn lays values with their own times, moved by shiftMs, on a grid; what is more than
 * half a step away from every time of the grid is left out. */
export function laidOn(
  grid: readonly number[],
  stepMs: number,
  times: readonly number[],
  values: readonly (number | null)[],
  shiftMs: number,
): (number | null)[] {
  const out = new Array<number | null>(grid.length).fill(null);
  const first = grid[0];
  if (first === undefined || !(stepMs > 0)) return out;
  times.forEach((t, k) => {
    const i = Math.round((t + shiftMs - first) / stepMs);
    if (i >= 0 && i < out.length) out[i] = values[k] ?? null;
  });
  return out;
}

/** stacked adds each series to those before it. Where a series has a gap its place is empty;
 * where all have one, so has the stack. */
export function stacked(rows: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const n = rows[0]?.length ?? 0;
  const sum = new Array<number>(n).fill(0);
  const gap = Array.from({ length: n }, (_, i) => rows.every((r) => (r[i] ?? null) === null));
  return rows.map((row) =>
    row.map((v, i) => {
      if (gap[i]) return null;
      sum[i] = (sum[i] ?? 0) + (v ?? 0);
      return sum[i]!;
    }),
  );
}

/** gapsOf finds the stretches in which no series has a value, as times. */
export function gapsOf(
  times: readonly number[],
  stepMs: number,
  rows: readonly (readonly (number | null)[])[],
): [number, number][] {
  const out: [number, number][] = [];
  if (rows.length === 0) return out;
  let start = -1;
  for (let i = 0; i <= times.length; i++) {
    const empty = i < times.length && rows.every((r) => (r[i] ?? null) === null);
    if (empty && start < 0) start = i;
    if (!empty && start >= 0) {
      out.push([times[start]!, times[i - 1]! + stepMs]);
      start = -1;
    }
  }
  return out;
}

/** rangeOf is where the axis of values begins and ends: at zero, unless all values are far
 * from it and drawn as lines. A threshold is on the axis unless that would flatten the rest. */
export function rangeOf(
  low: number | null,
  high: number | null,
  kind: Kind,
  thresholds: readonly Threshold[] = [],
): [number, number] {
  if (low === null || high === null) return [0, Math.max(1, ...thresholds.map((t) => t.value))];
  const hi = Math.max(high, ...thresholds.map((t) => t.value).filter((v) => v <= high * 3));
  const from = kind !== 'line' || (low >= 0 && low < hi * 0.6) ? Math.min(0, low) : low;
  const pad = (hi - from || Math.abs(hi) || 1) * 0.06;
  return [from === 0 ? 0 : from - pad, hi <= 0 && from < 0 ? Math.min(0, hi + pad) : hi + pad];
}

export interface Summary {
  last: number | null;
  min: number | null;
  max: number | null;
  mean: number | null;
}

/** summaryOf the values that are there; nulls when there is none. */
export function summaryOf(values: readonly (number | null)[]): Summary {
  let last: number | null = null;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let n = 0;
  for (const v of values) {
    if (v === null || v === undefined || Number.isNaN(v)) continue;
    last = v;
    min = Math.min(min, v);
    max = Math.max(max, v);
    sum += v;
    n++;
  }
  return n === 0 ? { last: null, min: null, max: null, mean: null } : { last, min, max, mean: sum / n };
}

/** clustersOf joins marks that would stand on each other, by their places in pixels. */
export function clustersOf(
  marks: readonly Mark[],
  place: (ms: number) => number,
  near: number,
): { x: number; marks: Mark[] }[] {
  const out: { x: number; marks: Mark[] }[] = [];
  for (const m of [...marks].sort((a, b) => a.time - b.time)) {
    const x = place(m.time);
    const last = out[out.length - 1];
    if (last && x - last.x < near) last.marks.push(m);
    else out.push({ x, marks: [m] });
  }
  return out;
}

/** thinned keeps at most n of the indices, evenly, for tables that are read aloud. */
export function thinned(length: number, n: number): number[] {
  const every = Math.max(1, Math.ceil(length / n));
  return Array.from({ length: Math.ceil(length / every) }, (_, i) => i * every);
}
