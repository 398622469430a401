import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import { servicesQuery } from '~/api/queries';
import type { Service } from '~/api/types';
import { useI18n } from '~/i18n';
import { compare } from '~/lib/filter';
import * as F from '~/lib/format';
import { share } from '~/lib/services';
import { useCompareRange, useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { Change } from '~/ui/chart/Change';
import { Sparkline } from '~/ui/chart/Sparkline';
import { type Column, DataTable } from '~/ui/DataTable';
import { ErrorState } from '~/ui/ErrorState';
import { Page } from '~/ui/Page';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { carried, useUrl } from '~/url';
import { NoServices } from './NoServices';
import classes from './services.module.css';

const none: Service[] = [];

export function ServicesPage() {
  const { t, lang } = useI18n();
  const { search, set } = useUrl();
  const navigate = useNavigate();
  const range = useRange();
  const q = useQuery(servicesQuery(range.scope));
  // In the order of the server: those whose users are hurt first.
  const rows = q.data?.items ?? none;
  const minutes = Math.max(1 / 60, (range.toMs - range.fromMs) / 60e3);
  const then = useCompareRange();
  const b = useQuery({ ...servicesQuery(then?.scope ?? range.scope), enabled: then !== null });
  const before = useMemo(
    () => (then && b.data ? new Map(b.data.items.map((s) => [keyOf(s), s])) : null),
    [then, b.data],
  );
  const columns = useColumns(minutes, q.data?.step_ns ?? 60e9, before);
  const [at] = useRows(rows.length, (i) => {
    const s = rows[i];
    if (s) void navigate({ to: '/traces', search: { ...carried(search), ...ofService(s) } });
  });
  const hurt = rows.filter((s) => s.requests.errors > 0);
  return (
    <Page
      title={t.services.title}
      aside={
        rows.length > 0 && (
          <span className="dim">
            {t.services.summary(
              F.count(rows.length),
              F.perMinute(rows.reduce((n, s) => n + s.requests.count, 0) / minutes, lang),
            )}
            {' · '}
            {hurt.length > 0 ? t.services.hurt(F.count(hurt.length)) : t.services.calm}
          </span>
        )
      }
    >
      {q.error ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={10} height={20} />
      ) : rows.length === 0 ? (
        <NoServices />
      ) : (
        <div className={`${classes.wrap} ${q.isPlaceholderData ? 'stale' : ''}`}>
          <DataTable
            caption={t.services.title}
            // What has changed takes the room of what hardly ever does.
            columns={then ? columns.filter((c) => c.id !== 'version') : columns}
            rows={rows}
            rowKey={keyOf}
            sort={search.sort ?? ''}
            onSort={(sort) => set({ sort }, { replace: true })}
            rowClass={() => classes.row}
            rowProps={(_, i) => ({ 'data-current': i === at })}
          />
        </div>
      )}
    </Page>
  );
}

const keyOf = (s: Service) => `${s.service}\u0000${s.env}`;

const errorShares = (s: Service) => s.trend.errors.map((n, i) => share(n, s.trend.count[i] ?? 0));

const p95s = (s: Service) => s.trend.p95_ns.map((v, i) => ((s.trend.count[i] ?? 0) > 0 ? v : null));

/** The filter and environment that mean one row. */
function ofService(s: Service, more = '') {
  return { filter: compare('service', s.service) + more, ...(s.env ? { env: s.env } : {}) };
}

/** before is the services of the day or week before, where one is compared with. */
function useColumns(minutes: number, stepNs: number, before: Map<string, Service> | null): Column<Service>[] {
  const { t, lang } = useI18n();
  return useMemo(() => {
    const was = (s: Service) => before?.get(keyOf(s));
    const perMin = (n: number) => n / (stepNs / 60e9 || 1);
    const ms = (ns: number, s: Service) =>
      s.requests.count === 0 ? (
        <span className="dim">–</span>
      ) : (
        <span title={F.exactDuration(ns)}>{F.duration(ns, lang)}</span>
      );
    return [
      {
        id: 'service',
        header: t.services.service,
        value: (s) => s.service,
        cell: (s) => (
          <PageLink to="/traces" search={ofService(s)} className={classes.name}>
            {s.service}
          </PageLink>
        ),
      },
      {
        id: 'env',
        header: t.services.env,
        value: (s) => s.env,
        cell: (s) => s.env || <span className="dim">–</span>,
      },
      {
        id: 'requests',
        header: t.services.requests,
        title: t.services.requestsHint,
        numeric: true,
        value: (s) => s.requests.count,
        cell: (s) => (
          <span className={classes.spark}>
            <Sparkline
              values={s.trend.count}
              before={was(s)?.trend.count}
              title={t.services.perMinuteUpTo(F.perMinute(perMin(Math.max(0, ...s.trend.count)), lang))}
            />
            <span className={classes.figure} title={F.group(s.requests.count)}>
              {F.perMinute(s.requests.count / minutes, lang)}
            </span>
            {before && (
              <Change
                now={s.requests.count / minutes}
                before={(was(s)?.requests.count ?? 0) / minutes}
                unit="perMinute"
              />
            )}
          </span>
        ),
      },
      {
        id: 'errors',
        header: t.services.errors,
        title: t.services.errorsHint,
        numeric: true,
        value: (s) => share(s.requests.errors, s.requests.count),
        cell: (s) => (
          <span className={classes.spark}>
            <Sparkline
              values={errorShares(s)}
              before={was(s) && errorShares(was(s)!)}
              {...(s.requests.errors > 0
                ? {
                    max: Math.max(0.02, ...errorShares(s)),
                  }
                : {})}
              color="var(--y-level-error)"
            />
            {s.requests.errors > 0 ? (
              <PageLink
                to="/traces"
                search={ofService(s, ' status:error')}
                className={`${classes.figure} bad`}
                title={t.services.errorsOf(F.group(s.requests.errors), F.group(s.requests.count))}
              >
                {F.percent(share(s.requests.errors, s.requests.count))}
              </PageLink>
            ) : (
              <span className={classes.figure}>{s.requests.count ? F.percent(0) : '–'}</span>
            )}
            {before && (
              <Change
                now={share(s.requests.errors, s.requests.count)}
                before={was(s) ? share(was(s)!.requests.errors, was(s)!.requests.count) : null}
                unit="share"
                hurts="up"
              />
            )}
          </span>
        ),
      },
      {
        id: 'p50',
        header: 'p50',
        numeric: true,
        value: (s) => s.requests.p50_ns,
        cell: (s) => ms(s.requests.p50_ns, s),
      },
      {
        id: 'p95',
        header: 'p95',
        numeric: true,
        value: (s) => s.requests.p95_ns,
        cell: (s) => (
          <span className={classes.spark}>
            <Sparkline values={p95s(s)} before={was(s) && p95s(was(s)!)} color="var(--mantine-color-ai-5)" />
            <span className={classes.figure}>{ms(s.requests.p95_ns, s)}</span>
            {before && (
              <Change
                now={s.requests.count ? s.requests.p95_ns : null}
                before={was(s)?.requests.count ? was(s)!.requests.p95_ns : null}
                unit="duration"
                hurts="up"
              />
            )}
          </span>
        ),
      },
      {
        id: 'p99',
        header: 'p99',
        numeric: true,
        value: (s) => s.requests.p99_ns,
        cell: (s) => ms(s.requests.p99_ns, s),
      },
      {
        id: 'logs',
        header: t.nav.logs,
        numeric: true,
        value: (s) => s.logs,
        cell: (s) => (
          <>
            {s.error_logs > 0 && (
              <>
                <PageLink
                  to="/logs"
                  search={ofService(s, ' level>=error')}
                  className="bad"
                  title={t.services.errorLogs(F.group(s.error_logs))}
                >
                  {t.services.errorLogsShort(F.count(s.error_logs))}
                </PageLink>
                {' / '}
              </>
            )}
            <PageLink to="/logs" search={ofService(s)} title={F.group(s.logs)}>
              {F.count(s.logs)}
            </PageLink>
          </>
        ),
      },
      {
        id: 'seen',
        header: t.services.lastSeen,
        numeric: true,
        value: (s) => s.last_seen,
        cell: (s) => <Ago time={s.last_seen} compact />,
      },
      {
        id: 'version',
        header: t.services.version,
        value: (s) => s.versions[0] ?? '',
        cell: (s) => (
          <span className="mono nowrap" title={s.versions.join(', ')}>
            {s.versions[0] ?? '–'}
            {s.versions.length > 1 && (
              <span className="dim"> {t.services.moreVersions(s.versions.length - 1)}</span>
            )}
          </span>
        ),
      },
    ];
  }, [t, lang, minutes, before, stepNs]);
}
