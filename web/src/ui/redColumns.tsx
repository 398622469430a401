// The columns of requests, errors and durations, the same in every table of something that
// is called: each number has its course, its change and the rows behind it.
import type { ReactNode } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { percentileColors } from '~/lib/colors';
import { durationText } from '~/lib/filter';
import * as F from '~/lib/format';
import { present, shares } from '~/lib/red';
import { share } from '~/lib/services';
import { useRange } from '~/shell/RangeContext';
import type { Search } from '~/url';
import { Change } from './chart/Change';
import { Sparkline } from './chart/Sparkline';
import type { Column } from './DataTable';
import { PageLink } from './PageLink';
import classes from './red.module.css';

interface Red {
  count: number;
  errors: number;
  p50_ns: number;
  p95_ns: number;
  p99_ns: number;
  total_ns: number;
}

interface Trend {
  count: number[];
  errors: number[];
  p50_ns: number[];
  p95_ns: number[];
}

export interface RedRow {
  red: Red;
  before?: Red | undefined;
  trend?: Trend;
  /** filter selects the spans behind the numbers; nothing when none can. */
  filter?: string;
  /** env is that of the row. */
  env?: string;
}

export type RedColumn = 'total' | 'rate' | 'errors' | 'p50' | 'p95' | 'p99';

const en = {
  requests: 'Requests',
  calls: 'Calls',
  perMinute: 'A minute, and how it went',
  errors: 'Errors',
  errorsHint: 'Share of those with error status',
  errorsOf: (e: string, n: string) => `${e} of ${n} failed`,
  total: 'Total time',
  totalHint: 'All their durations together, and their part of those listed',
  rows: 'Show these spans',
  slowRows: (d: string) => `Show those of ${d} and more`,
};
const ja: typeof en = {
  requests: 'リクエスト',
  calls: '呼び出し',
  perMinute: '1分あたりの数と推移',
  errors: 'エラー率',
  errorsHint: 'ステータスが error の割合',
  errorsOf: (e, n) => `${n}件中${e}件が失敗`,
  total: '合計時間',
  totalHint: '所要時間の合計と、一覧の中での割合',
  rows: '該当するスパンを表示',
  slowRows: (d) => `${d}以上のスパンを表示`,
};
export const redTexts = { en, ja };

interface Options<T> {
  of: (row: T) => RedRow;
  columns: readonly RedColumn[];
  /** calls: they are seen by who calls. */
  calls?: boolean;
  /** totalNs is the whole of which the total time is a part. */
  totalNs?: number;
}

export function useRedColumns<T>({ of, columns, calls, totalNs }: Options<T>): Column<T>[] {
  const { lang } = useI18n();
  const t = useTexts(redTexts);
  const { fromMs, toMs, compare } = useRange();
  const minutes = Math.max(1 / 60, (toMs - fromMs) / 60e3);
  const search = (r: RedRow, more = ''): Search => ({
    filter: `${r.filter ?? ''}${more}`,
    ...(r.env ? { env: r.env } : {}),
  });
  const rows = (r: RedRow, number: ReactNode, more: string, title: string, className?: string) =>
    r.filter === undefined || r.red.count === 0 ? (
      <span className={className} title={title}>
        {number}
      </span>
    ) : (
      <PageLink
        to="/traces"
        search={search(r, more)}
        className={`${classes.rows} ${className ?? ''}`}
        title={title}
      >
        {number}
      </PageLink>
    );
  const duration = (r: RedRow, ns: number) =>
    r.red.count === 0 ? (
      <span className="dim">–</span>
    ) : (
      rows(
        r,
        F.duration(ns, lang),
        ` duration>=${durationText(Math.floor(ns / 1e3) * 1e3)}`,
        `${F.exactDuration(ns)} · ${t.slowRows(F.duration(ns, lang))}`,
      )
    );
  const all: Record<RedColumn, Column<T>> = {
    total: {
      id: 'total',
      header: t.total,
      title: t.totalHint,
      numeric: true,
      value: (row) => of(row).red.total_ns,
      cell: (row) => {
        const r = of(row);
        const part = totalNs ? share(r.red.total_ns, totalNs) : 0;
        return (
          <span className={classes.total} title={F.exactDuration(r.red.total_ns)}>
            {totalNs ? <i style={{ width: `${Math.max(1, part * 56)}px` }} aria-hidden="true" /> : null}
            <span>{F.duration(r.red.total_ns, lang)}</span>
            {totalNs ? <span className={classes.part}>{F.percent(part)}</span> : null}
            {compare && <Change now={r.red.total_ns} before={r.before?.total_ns ?? 0} unit="duration" />}
          </span>
        );
      },
    },
    rate: {
      id: 'requests',
      header: calls ? t.calls : t.requests,
      title: t.perMinute,
      numeric: true,
      value: (row) => of(row).red.count,
      cell: (row) => {
        const r = of(row);
        return (
          <span className={classes.spark}>
            {r.trend && <Sparkline values={r.trend.count} />}
            <span className={classes.figure}>
              {rows(r, F.perMinute(r.red.count / minutes, lang), '', F.group(r.red.count))}
            </span>
            {compare && (
              <Change
                now={r.red.count / minutes}
                before={(r.before?.count ?? 0) / minutes}
                unit="perMinute"
              />
            )}
          </span>
        );
      },
    },
    errors: {
      id: 'errors',
      header: t.errors,
      title: t.errorsHint,
      numeric: true,
      value: (row) => share(of(row).red.errors, of(row).red.count),
      cell: (row) => {
        const r = of(row);
        const part = share(r.red.errors, r.red.count);
        const was = r.before ? share(r.before.errors, r.before.count) : null;
        const course = r.trend ? shares(r.trend.errors, r.trend.count) : [];
        return (
          <span className={classes.spark}>
            {r.trend && (
              <Sparkline
                values={course}
                max={r.red.errors > 0 ? Math.max(0.02, ...course.map((v) => v ?? 0)) : 0}
                color="var(--y-level-error)"
              />
            )}
            <span className={classes.figure}>
              {r.red.errors > 0
                ? rows(
                    r,
                    F.percent(part),
                    ' status:error',
                    t.errorsOf(F.group(r.red.errors), F.group(r.red.count)),
                    'bad',
                  )
                : r.red.count
                  ? F.percent(0)
                  : '–'}
            </span>
            {compare && <Change now={r.red.count ? part : null} before={was} unit="share" hurts="up" />}
          </span>
        );
      },
    },
    p50: {
      id: 'p50',
      header: 'p50',
      numeric: true,
      value: (row) => of(row).red.p50_ns,
      cell: (row) => duration(of(row), of(row).red.p50_ns),
    },
    p95: {
      id: 'p95',
      header: 'p95',
      numeric: true,
      value: (row) => of(row).red.p95_ns,
      cell: (row) => {
        const r = of(row);
        return (
          <span className={classes.spark}>
            {r.trend && (
              <Sparkline values={present(r.trend.p95_ns, r.trend.count)} color={percentileColors.p95} />
            )}
            <span className={classes.figure}>{duration(r, r.red.p95_ns)}</span>
            {compare && (
              <Change
                now={r.red.count ? r.red.p95_ns : null}
                before={r.before?.count ? r.before.p95_ns : null}
                unit="duration"
                hurts="up"
              />
            )}
          </span>
        );
      },
    },
    p99: {
      id: 'p99',
      header: 'p99',
      numeric: true,
      value: (row) => of(row).red.p99_ns,
      cell: (row) => duration(of(row), of(row).red.p99_ns),
    },
  };
  return columns.map((c) => all[c]);
}
