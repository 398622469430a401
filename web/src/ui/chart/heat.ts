// The arithmetic of heat maps: counts in cells of time and value. Pure.
import type { MetricHistogram } from '~/api/types';

/** Cell counts what lay in [time, time+step) and [lower, upper). */
export interface Cell {
  /** time in milliseconds. */
  time: number;
  lower: number;
  upper: number;
  count: number;
  errors?: number;
}

export interface HeatData {
  stepMs: number;
  cells: readonly Cell[];
}

/** A part of the map: a cell, or several that were dragged over. */
export interface Box {
  fromMs: number;
  toMs: number;
  lower: number;
  upper: number;
}

/** durationsOf reads the API's durations: cells of [ms, bucket, count, errors]. */
export function durationsOf(d: {
  step_ns: number;
  bounds_ns: readonly number[] | null;
  cells: readonly (readonly number[] | null)[] | null;
}): HeatData {
  const bounds = d.bounds_ns ?? [];
  return {
    stepMs: d.step_ns / 1e6,
    cells: (d.cells ?? []).map((c) => {
      const [time = 0, bucket = 0, count = 0, errors = 0] = c ?? [];
      return {
        time,
        lower: bounds[bucket] ?? 0,
        upper: bounds[bucket + 1] ?? Number.POSITIVE_INFINITY,
        count,
        errors,
      };
    }),
  };
}

/** histogramsOf reads native histograms, one for each step. */
export function histogramsOf(histograms: readonly MetricHistogram[], stepMs: number): HeatData {
  return {
    stepMs,
    cells: histograms.flatMap((h) =>
      (h.buckets ?? []).flatMap((b) =>
        b.count === null || b.count <= 0
          ? []
          : [
              {
                time: h.time_ms,
                lower: b.lower ?? Number.NEGATIVE_INFINITY,
                upper: b.upper ?? Number.POSITIVE_INFINITY,
                count: b.count,
              },
            ],
      ),
    ),
  };
}

/** Scale places values on the map, 0 at its foot and 1 at its top. */
export interface Scale {
  log: boolean;
  low: number;
  high: number;
  at: (v: number) => number;
  /** value is the inverse of at. */
  value: (share: number) => number;
}

/** scaleOf fits a scale to cells: logarithmic where all that is counted is positive. What
 * has no bound on one side is drawn as high as its neighbour. */
export function scaleOf(cells: readonly Cell[]): Scale {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let negative = false;
  for (const c of cells) {
    for (const v of [c.lower, c.upper]) {
      if (!Number.isFinite(v)) continue;
      if (v < 0) negative = true;
      if (v !== 0) low = Math.min(low, v);
      high = Math.max(high, v);
    }
  }
  if (!Number.isFinite(low) || !Number.isFinite(high)) [low, high] = [1, 10];
  const log = !negative && low > 0;
  if (log) {
    // A cell without a bound, and one that begins at zero, take a tenth of a decade more.
    if (cells.some((c) => c.lower <= 0)) low /= 10 ** 0.1;
    if (cells.some((c) => !Number.isFinite(c.upper))) high *= 10 ** 0.1;
    if (high <= low) high = low * 10;
    const span = Math.log(high / low);
    const at = (v: number) => (v <= low ? 0 : v >= high ? 1 : Math.log(v / low) / span);
    return { log, low, high, at, value: (s) => low * Math.exp(s * span) };
  }
  if (high <= low) high = low + 1;
  const at = (v: number) => Math.min(1, Math.max(0, (v - low) / (high - low)));
  return { log, low, high, at, value: (s) => low + s * (high - low) };
}

/** ticksOf a scale: powers of ten, or round numbers where it is linear; at most n. */
export function ticksOf(scale: Scale, n: number): number[] {
  const out: number[] = [];
  if (scale.log) {
    const first = Math.ceil(Math.log10(scale.low) - 1e-9);
    const last = Math.floor(Math.log10(scale.high) + 1e-9);
    const every = Math.max(1, Math.ceil((last - first + 1) / n));
    for (let e = first; e <= last; e += every) out.push(10 ** e);
    if (out.length > 1 || scale.high / scale.low < 2) return out;
    // Within a decade or so, one label would say too little.
    return [1, 2, 5]
      .flatMap((m) => [m * 10 ** (first - 1), m * 10 ** first])
      .filter((v) => v >= scale.low && v <= scale.high)
      .sort((a, b) => a - b);
  }
  const raw = (scale.high - scale.low) / Math.max(1, n);
  const mag = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((m) => m * mag >= raw) ?? 10) * mag;
  for (let v = Math.ceil(scale.low / step) * step; v <= scale.high; v += step) out.push(v);
  return out;
}

/** snapped is a box widened to whole cells; undefined when it holds none. */
export function snapped(data: HeatData, box: Box): Box | undefined {
  let out: Box | undefined;
  for (const c of data.cells) {
    if (c.time >= box.toMs || c.time + data.stepMs <= box.fromMs) continue;
    if (c.lower >= box.upper || c.upper <= box.lower) continue;
    out = {
      fromMs: Math.min(out?.fromMs ?? c.time, c.time),
      toMs: Math.max(out?.toMs ?? 0, c.time + data.stepMs),
      lower: Math.min(out?.lower ?? c.lower, c.lower),
      upper: Math.max(out?.upper ?? c.upper, c.upper),
    };
  }
  return out;
}

export interface Column {
  time: number;
  count: number;
  errors: number;
  /** Upper bounds of the cells in which the half and 95 % lie. */
  half: number;
  most: number;
}

/** columnsOf sums the cells of each step, for those who do not see the map. */
export function columnsOf(data: HeatData): Column[] {
  const by = new Map<number, Cell[]>();
  for (const c of data.cells) {
    const list = by.get(c.time);
    if (list) list.push(c);
    else by.set(c.time, [c]);
  }
  return [...by]
    .sort((a, b) => a[0] - b[0])
    .map(([time, cells]) => {
      const sorted = [...cells].sort((a, b) => a.lower - b.lower);
      const count = sorted.reduce((n, c) => n + c.count, 0);
      const below = (share: number) => {
        let n = 0;
        for (const c of sorted) {
          n += c.count;
          if (n >= count * share - 1e-9) return c.upper;
        }
        return sorted[sorted.length - 1]?.upper ?? 0;
      };
      return {
        time,
        count,
        errors: sorted.reduce((n, c) => n + (c.errors ?? 0), 0),
        half: below(0.5),
        most: below(0.95),
      };
    });
}
