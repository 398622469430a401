// Requests, errors and durations over time, side by side; what happened is marked above.
import { useMemo } from 'react';
import { useTexts } from '~/i18n';
import { percentileColors } from '~/lib/colors';
import { backMs } from '~/lib/range';
import { present, shares } from '~/lib/red';
import { msOf } from '~/lib/time';
import { useRange } from '~/shell/RangeContext';
import { type ChartData, gridOf, laidOn, type Series } from '~/ui/chart/data';
import { TimeChart } from '~/ui/chart/TimeChart';
import { texts } from './service.texts';
import classes from './services.module.css';
import type { Trend } from './services.queries';

/** What an answer tells of its series. */
export interface Course {
  from: string;
  to: string;
  step_ns: number;
  trend: Trend;
}

interface Props {
  now: Course;
  /** before is the same of the day or week before, where one is compared with. */
  before?: Course | undefined;
}

/** The last step is still going on: what came so far is counted by the time it had so far. */
function perMinute(c: Course): number[] {
  const [from, step] = [msOf(c.from), c.step_ns / 1e6];
  const end = Math.min(msOf(c.to), Date.now());
  return c.trend.count.map((n, i) => {
    const start = from + i * step;
    return n / (Math.max(10e3, Math.min(start + step, end) - start) / 60e3);
  });
}

export function RedCharts({ now, before }: Props) {
  const t = useTexts(texts);
  const { compare } = useRange();
  const data = useMemo(() => {
    const from = msOf(now.from);
    const stepMs = now.step_ns / 1e6;
    const times = gridOf(from, stepMs, now.trend.count.length);
    const then =
      before && compare && before.step_ns === now.step_ns
        ? {
            c: before,
            times: gridOf(msOf(before.from), stepMs, before.trend.count.length),
            by: backMs[compare],
          }
        : undefined;
    const series = (
      key: string,
      label: string,
      color: string,
      of: (c: Course) => readonly (number | null)[],
    ): Series => ({
      key,
      label,
      color,
      values: of(now),
      ...(then ? { before: laidOn(times, stepMs, then.times, of(then.c), then.by) } : {}),
    });
    const chart = (...s: Series[]): ChartData => ({ times, stepMs, series: s });
    const p = (k: 'p50_ns' | 'p95_ns' | 'p99_ns') => (c: Course) => present(c.trend[k], c.trend.count);
    return {
      requests: chart(series('requests', t.perMinute, 'var(--y-level-info)', perMinute)),
      errors: chart(
        series('errors', t.errorShare, 'var(--y-level-error)', (c) => shares(c.trend.errors, c.trend.count)),
      ),
      durations: chart(
        series('p99', 'p99', percentileColors.p99, p('p99_ns')),
        series('p95', 'p95', percentileColors.p95, p('p95_ns')),
        series('p50', 'p50', percentileColors.p50, p('p50_ns')),
      ),
    };
  }, [now, before, compare, t]);
  return (
    <div className={classes.red}>
      <section>
        <h2>{t.requests}</h2>
        <TimeChart label={t.requests} data={data.requests} unit="perMinute" kind="area" height={150} />
      </section>
      <section>
        <h2>{t.errorShare}</h2>
        <TimeChart label={t.errorShare} data={data.errors} unit="share" kind="area" height={150} />
      </section>
      <section>
        <h2>{t.durations}</h2>
        <TimeChart label={t.durations} data={data.durations} unit="duration" height={150} />
      </section>
    </div>
  );
}
