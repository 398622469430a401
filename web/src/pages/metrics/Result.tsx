// The result of a query: its series as lines, its native histograms as heat maps.
import { useMemo } from 'react';
import type { MetricResult, MetricSeries } from '~/api/types';
import { useT } from '~/i18n';
import { palette } from '~/lib/colors';
import { group } from '~/lib/format';
import { align, seriesNames } from '~/lib/promql';
import type { CompareRange } from '~/shell/RangeContext';
import { type ChartData, laidOn, summaryOf } from '~/ui/chart/data';
import { HeatMap } from '~/ui/chart/HeatMap';
import { histogramsOf } from '~/ui/chart/heat';
import { TimeChart } from '~/ui/chart/TimeChart';

/** More lines than this say nothing, and cost time to draw. */
const DRAWN = 40;
/** More heat maps than this are not looked at. */
const MAPS = 6;

interface Props {
  result: MetricResult;
  before: { result: MetricResult; then: CompareRange } | null;
  log: boolean;
}

const isHistogram = (s: MetricSeries) => (s.histograms?.length ?? 0) > 0;

export function Result({ result, before, log }: Props) {
  const t = useT();
  const stepMs = (result.step_ns ?? 0) / 1e6;
  const lines = useMemo(() => {
    const all = result.series.filter((s) => !isHistogram(s));
    if (all.length <= DRAWN) return all;
    const max = new Map(all.map((s) => [s, summaryOf(s.points.map((p) => p?.[1] ?? null)).max ?? 0]));
    return [...all].sort((a, b) => max.get(b)! - max.get(a)!).slice(0, DRAWN);
  }, [result]);
  const data = useMemo<ChartData>(() => {
    const names = seriesNames(lines.map((s) => s.labels));
    const { times, rows } = align(lines, stepMs);
    const old = new Map(before?.result.series.map((s) => [identity(s), s]));
    return {
      times,
      stepMs,
      series: lines.map((s, i) => {
        const was = old.get(identity(s));
        return {
          key: identity(s),
          label: names[i] === '{}' ? t.metrics.scalar : names[i]!,
          color: palette[i % palette.length]!,
          values: rows[i]!,
          ...(was && before
            ? {
                before: laidOn(
                  times,
                  stepMs,
                  was.points.map((p) => p[0] ?? 0),
                  was.points.map((p) => p[1] ?? null),
                  before.then.shiftMs,
                ),
              }
            : {}),
        };
      }),
    };
  }, [lines, stepMs, before, t]);
  const maps = useMemo(() => {
    const all = result.series.filter(isHistogram);
    const names = seriesNames(all.map((s) => s.labels));
    return all.slice(0, MAPS).map((s, i) => ({
      key: identity(s),
      name: names[i] === '{}' ? t.metrics.scalar : names[i]!,
      data: histogramsOf(s.histograms ?? [], stepMs),
    }));
  }, [result, stepMs, t]);
  const total = result.series.length;
  const histograms = result.series.filter(isHistogram).length;
  return (
    <>
      {result.warnings.map((w) => (
        <p key={w} className="warn">
          {w}
        </p>
      ))}
      {maps.map((m) => (
        <section key={m.key}>
          {histograms > 1 && <h2 className="mono">{m.name}</h2>}
          <HeatMap
            label={t.metrics.heat(m.name)}
            data={m.data}
            unit="value"
            height={histograms > 1 ? 200 : 340}
          />
        </section>
      ))}
      {maps.length < histograms && (
        <p className="dim">{t.metrics.moreHeat(group(maps.length), group(histograms))}</p>
      )}
      {lines.length > 0 && (
        <TimeChart label={t.metrics.chart} data={data} unit="value" height={320} log={log} legend="table" />
      )}
      {lines.length < total - histograms && (
        <p className="dim">{t.metrics.tooMany(group(lines.length), group(total - histograms))}</p>
      )}
    </>
  );
}

/** identity is what makes a series itself, whatever the order of its labels. */
function identity(s: MetricSeries): string {
  return JSON.stringify(Object.entries(s.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
