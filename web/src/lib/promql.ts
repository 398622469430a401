// Helpers around PromQL results: the first query for a metric, names for series, and
// series laid on one grid of times for drawing.

/** firstQuery shows a metric by its type: a counter as its rate, a classic histogram as its
 * 95th percentile, a native one whole (it is drawn as a heat map), the rest as they are. */
export function firstQuery(name: string, type: string): string {
  const metric = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) ? name : `{${JSON.stringify(name)}}`;
  if (name.endsWith('_bucket')) return `histogram_quantile(0.95, sum by (le) (rate(${metric}[5m])))`;
  if (type === 'histogram' && !/_(sum|count)$/.test(name)) return `sum(rate(${metric}[5m]))`;
  if (type === 'counter' || (type === 'histogram' && /_(sum|count)$/.test(name)))
    return `rate(${metric}[5m])`;
  return metric;
}

type Labels = Record<string, string>;

/** seriesNames names each series by the labels in which they differ; what is common to
 * all is left out. A single series keeps its name, or all of its labels. */
export function seriesNames(all: readonly Labels[]): string[] {
  const first = all[0];
  if (!first) return [];
  const keys = [...new Set(all.flatMap((l) => Object.keys(l)))].sort();
  const differing = keys.filter((k) => all.some((l) => l[k] !== first[k]));
  return all.map((l) => {
    const shown = differing.length > 0 ? differing : keys.filter((k) => k !== '__name__');
    const pairs = shown.filter((k) => k !== '__name__' && l[k] !== undefined).map((k) => `${k}=${l[k]}`);
    const name = differing.includes('__name__') || all.length === 1 ? (l.__name__ ?? '') : '';
    return [name, pairs.join(', ')].filter(Boolean).join(' ') || l.__name__ || '{}';
  });
}

export interface Aligned {
  /** times in milliseconds. */
  times: number[];
  rows: (number | null)[][];
}

/** align puts series on one grid with the step of the query, so that a missing sample is a
 * gap and not a line drawn over it. */
export function align(
  series: readonly { points: readonly (readonly (number | null)[])[] }[],
  stepMs: number,
): Aligned {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const s of series)
    for (const [t] of s.points) {
      if (t === null || t === undefined) continue;
      if (t < min) min = t;
      if (t > max) max = t;
    }
  if (!Number.isFinite(min) || !(stepMs > 0)) return { times: [], rows: series.map(() => []) };
  const n = Math.round((max - min) / stepMs) + 1;
  const times = Array.from({ length: n }, (_, i) => min + i * stepMs);
  const rows = series.map((s) => {
    const row = new Array<number | null>(n).fill(null);
    for (const [t, v] of s.points) {
      if (t === null || t === undefined) continue;
      const i = Math.round((t - min) / stepMs);
      if (i >= 0 && i < n) row[i] = v ?? null;
    }
    return row;
  });
  return { times, rows };
}

/** stepFor is a round step that gives about as many points as the chart has room for. */
export function stepFor(fromMs: number, toMs: number, points: number): string {
  const want = (toMs - fromMs) / 1000 / Math.max(points, 10);
  const steps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];
  return `${steps.find((s) => s >= want) ?? 86_400}s`;
}
