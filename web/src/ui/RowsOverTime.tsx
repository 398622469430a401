// How many rows of a filter there are over time, as stacked bars, with the day or week
// before as a dashed line.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { histogramQuery, type RowSignal } from '~/api/queries';
import type { Histogram } from '~/api/types';
import { fill } from '~/lib/stack';
import { type CompareRange, useCompareRange, useRange } from '~/shell/RangeContext';
import { laidOn, type Series } from './chart/data';
import { TimeChart } from './chart/TimeChart';
import { ErrorState, isInvalid } from './ErrorState';

export interface Group {
  key: string;
  label: string;
  color: string;
  /** has says which of the server's groups belong to this one. */
  has: (serverKey: string) => boolean;
}

const BUCKETS = 80;
const nothing: Histogram = { step_ns: 60e9, buckets: [] };

interface Props {
  signal: RowSignal;
  filter: string;
  /** groups from the ground up; those without rows are left out. */
  groups: readonly Group[];
  label: string;
}

export function RowsOverTime({ signal, filter, groups, label }: Props) {
  const range = useRange();
  const then = useCompareRange();
  const q = useQuery(histogramQuery(signal, range.scope, filter, BUCKETS));
  const b = useQuery({
    ...histogramQuery(signal, then?.scope ?? range.scope, filter, BUCKETS),
    enabled: then !== null,
  });
  const { fromMs, toMs } = range;
  const data = useMemo(
    () =>
      dataOf(q.data ?? nothing, then && b.data ? { histogram: b.data, then } : null, groups, fromMs, toMs),
    [q.data, b.data, then, groups, fromMs, toMs],
  );
  if (q.error && !q.data && !isInvalid(q.error))
    return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  return (
    <div className={q.isPlaceholderData ? 'stale' : undefined} style={{ minHeight: 126 }}>
      <TimeChart label={label} data={data} unit="count" kind="bars" height={106} />
    </div>
  );
}

function dataOf(
  h: Histogram,
  before: { histogram: Histogram; then: CompareRange } | null,
  groups: readonly Group[],
  fromMs: number,
  toMs: number,
) {
  const bars = fill(h.buckets, h.step_ns, fromMs, toMs);
  const times = bars.map((b) => b.ms);
  const stepMs = h.step_ns / 1e6;
  // The step before may differ for a moment, while one of the two is still on its way.
  const old =
    before && before.histogram.step_ns === h.step_ns
      ? fill(before.histogram.buckets, h.step_ns, before.then.fromMs, before.then.toMs)
      : null;
  const oldTimes = old?.map((b) => b.ms) ?? [];
  const count = (counts: Record<string, number>, g: Group) => {
    let n = 0;
    for (const k of Object.keys(counts)) if (g.has(k)) n += counts[k] ?? 0;
    return n;
  };
  const series: Series[] = [];
  for (const g of groups) {
    const values = bars.map((b) => count(b.counts, g));
    const was = old?.map((b) => count(b.counts, g));
    if (!values.some(Boolean) && !was?.some(Boolean)) continue;
    series.push({
      key: g.key,
      label: g.label,
      color: g.color,
      values,
      ...(was ? { before: laidOn(times, stepMs, oldTimes, was, before!.then.shiftMs) } : {}),
    });
  }
  return { times, stepMs, series };
}
