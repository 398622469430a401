// All services, those whose users are hurt first; above them, in words, which are slow, fail
// or have gone quiet now. A team sees its own with one click.
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import type { Service } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { compare as term } from '~/lib/filter';
import * as F from '~/lib/format';
import { failing, lastFailure, quiet, slower } from '~/lib/red';
import { share } from '~/lib/services';
import { ownersQuery } from '~/pages/settings/teams.queries';
import { useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { type Column, DataTable } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ServiceLink } from '~/ui/EntityLink';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { Page } from '~/ui/Page';
import { PageLink } from '~/ui/PageLink';
import { useRedColumns } from '~/ui/redColumns';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { carried, useUrl } from '~/url';
import { texts } from './list.texts';
import { NoServices } from './NoServices';
import classes from './services.module.css';
import { servicesNowQuery } from './services.queries';
import { requestsOf } from './tables';

const none: Service[] = [];
const keyOf = (s: Service) => `${s.service}\u0000${s.env}`;

export function ServicesPage() {
  const { t, lang } = useI18n();
  const l = useTexts(texts);
  const { search, set } = useUrl();
  const navigate = useNavigate();
  const range = useRange();
  const by = range.compare ?? 'day';
  const q = useQuery(servicesNowQuery(range.scope, by));
  // Yagura itself is no service of theirs: it stands below, in one line.
  const all = useMemo(() => q.data?.items.filter((s) => !s.own) ?? none, [q.data]);
  const own = q.data?.items.find((s) => s.own);
  const owned = useOwners();
  const team = search.team ?? '';
  // In the order of the server: those whose users are hurt first.
  const rows = useMemo(
    () => (team ? all.filter((s) => owned.of.get(s.service)?.slug === team) : all),
    [all, team, owned.of],
  );
  const minutes = Math.max(1 / 60, (range.toMs - range.fromMs) / 60e3);
  const columns = useColumns(owned.of);
  const [at] = useRows(rows.length, (i) => {
    const s = rows[i];
    if (s)
      void navigate({
        to: '/services/$service',
        params: { service: s.service },
        search: { ...carried(search), ...(s.env ? { env: s.env } : {}) },
      });
  });
  return (
    <Page
      title={t.services.title}
      aside={
        all.length > 0 && (
          <>
            {owned.teams.length > 0 && (
              <Select
                aria-label={l.team}
                placeholder={l.allTeams}
                data={owned.teams}
                value={team || null}
                onChange={(v) => set({ team: v ?? '' })}
                clearable
                w={200}
              />
            )}
            <span className="dim">
              {t.services.summary(
                F.count(rows.length),
                F.perMinute(rows.reduce((n, s) => n + s.requests.count, 0) / minutes, lang),
              )}
            </span>
          </>
        )
      }
    >
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={10} height={20} />
      ) : all.length === 0 ? (
        <NoServices>
          {own && (
            <p>
              {l.onlyOurs} <ServiceLink service={own.service} env={own.env} />
            </p>
          )}
        </NoServices>
      ) : rows.length === 0 ? (
        <Empty title={l.noneOfTeam} text={l.noneOfTeamText}>
          <PageLink to="/services">{l.allTeams}</PageLink>
        </Empty>
      ) : (
        <div className={q.isPlaceholderData ? 'stale' : undefined}>
          <Sentence rows={rows} when={l.baseline[by]} />
          <div className={classes.wrap}>
            <DataTable
              caption={t.services.title}
              // What has changed takes the room of what hardly ever does.
              columns={columns.filter(
                (c) =>
                  !(range.compare && (c.id === 'version' || c.id === 'p50')) &&
                  !(c.id === 'team' && owned.of.size === 0),
              )}
              rows={rows}
              rowKey={keyOf}
              sort={search.sort ?? ''}
              onSort={(sort) => set({ sort }, { replace: true })}
              rowClass={() => classes.row}
              rowProps={(_, i) => ({ 'data-current': i === at })}
            />
          </div>
        </div>
      )}
      {own && (
        <p className={`dim ${classes.own}`}>
          <ServiceLink service={own.service} env={own.env}>
            {l.own}
          </ServiceLink>{' '}
          {l.ownText(
            F.perMinute(own.requests.count / minutes, lang),
            F.percent(share(own.requests.errors, own.requests.count)),
          )}
        </p>
      )}
    </Page>
  );
}

/** Whose each service is, and the teams that own any. */
function useOwners() {
  const { data } = useQuery({ ...ownersQuery, staleTime: 60e3 });
  return useMemo(() => {
    const of = new Map((data?.items ?? []).flatMap((o) => (o.team ? [[o.service, o.team] as const] : [])));
    const teams = [...new Map([...of.values()].map((n) => [n.slug, n.name]))]
      .map(([value, label]) => ({ value, label }))
      .sort((a, b) => a.label.localeCompare(b.label));
    return { of, teams };
  }, [data]);
}

/** At most so many services are named for each kind of trouble. */
const NAMED = 3;

/** What fails, is slow or has gone quiet now. */
function Sentence({ rows, when }: { rows: Service[]; when: string }) {
  const l = useTexts(texts);
  const { lang } = useI18n();
  // What is over by now fails nobody: the table still shows it.
  const fails = rows.filter((s) => lastFailure(s.trend) === undefined && failing(s.requests, s.before));
  const slow = rows.filter((s) => slower(s.requests, s.before));
  const silent = rows.filter((s) => quiet(s.requests, s.before));
  const list = (kind: string, title: string, of: Service[], say: (s: Service) => string): ReactNode =>
    of.length > 0 && (
      <div key={kind}>
        <strong>{title}</strong>{' '}
        {of.slice(0, NAMED).map((s, i) => (
          <span key={keyOf(s)}>
            {i > 0 && l.comma}
            <ServiceLink service={s.service} env={s.env} className={classes.matter} /> ({say(s)})
          </span>
        ))}
        {of.length > NAMED && ` ${l.others(F.count(of.length - NAMED))}`}
      </div>
    );
  const calm = fails.length + slow.length + silent.length === 0;
  return (
    <div
      className={classes.verdict}
      data-state={fails.length > 0 ? 'failing' : calm ? 'well' : 'slow'}
      role="status"
    >
      <Icon name={fails.length > 0 ? 'error' : calm ? 'ok' : 'warning'} />
      <div className={classes.verdicts}>
        {calm && <span>{l.calm(when)}</span>}
        {list('failing', l.failing, fails, (s) => F.percent(share(s.requests.errors, s.requests.count)))}
        {list('slow', l.slow, slow, (s) =>
          l.was(F.duration(s.requests.p95_ns, lang), F.duration(s.before?.p95_ns ?? 0, lang), when),
        )}
        {list('quiet', l.quiet, silent, (s) =>
          l.fewer(F.count(s.requests.count), F.count(s.before?.count ?? 0), when),
        )}
      </div>
    </div>
  );
}

/** The filter and environment that mean one row. */
function ofService(s: Service, more = '') {
  return { filter: term('service', s.service) + more, ...(s.env ? { env: s.env } : {}) };
}

function useColumns(owners: Map<string, { slug: string; name: string }>): Column<Service>[] {
  const { t } = useI18n();
  const l = useTexts(texts);
  const red = useRedColumns<Service>({
    of: (s) => ({
      red: s.requests,
      before: s.before,
      trend: s.trend,
      env: s.env,
      filter: requestsOf(s.service),
    }),
    columns: ['rate', 'errors', 'p50', 'p95', 'p99'],
  });
  return [
    {
      id: 'service',
      header: t.services.service,
      value: (s) => s.service,
      cell: (s) => <ServiceLink service={s.service} env={s.env} className={classes.name} />,
    },
    {
      id: 'team',
      header: l.team,
      value: (s) => owners.get(s.service)?.name ?? '',
      cell: (s) => {
        const o = owners.get(s.service);
        return o ? (
          <PageLink to="/services" search={{ team: o.slug }}>
            {o.name}
          </PageLink>
        ) : (
          <span className="dim">–</span>
        );
      },
    },
    {
      id: 'env',
      header: t.services.env,
      value: (s) => s.env,
      cell: (s) => s.env || <span className="dim">–</span>,
    },
    ...red,
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
}
