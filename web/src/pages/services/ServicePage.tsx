// A service: first a sentence that says how it is, then the figures that prove it, and
// everything about it with the rows behind each number.
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { percentileColors } from '~/lib/colors';
import { compare as term } from '~/lib/filter';
import * as F from '~/lib/format';
import { present, shares } from '~/lib/red';
import { share } from '~/lib/services';
import * as T from '~/lib/time';
import { useRange } from '~/shell/RangeContext';
import { type Kpi, Kpis } from '~/ui/chart/Kpis';
import { Panel } from '~/ui/chart/Panel';
import { ErrorState } from '~/ui/ErrorState';
import { Page } from '~/ui/Page';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { carried, useUrl } from '~/url';
import { Groups } from './Groups';
import { RedCharts } from './Red';
import { texts } from './service.texts';
import classes from './services.module.css';
import {
  type Red,
  type ServicePageData,
  serviceErrorsQuery,
  servicePatternsQuery,
  serviceQuery,
  type Trend,
} from './services.queries';
import { Calls, Edges, Endpoints, Instances, Levels, Patterns, requestsOf, Versions } from './tables';
import { Verdict } from './Verdict';

export function ServicePage() {
  const { service } = useParams({ strict: false }) as { service: string };
  const { scope, compare } = useRange();
  // Without a choice the sentence still tells how it was the day before.
  const by = compare ?? 'day';
  const q = useQuery(serviceQuery(service, scope, by, compare !== undefined));
  return (
    <Page title={service} aside={<Beside service={service} data={q.data} />}>
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={16} height={24} />
      ) : (
        <div className={q.isPlaceholderData ? 'stale' : undefined}>
          <Body data={q.data} by={by} />
        </div>
      )}
    </Page>
  );
}

/** Who owns it, and the ways to what else there is of it. */
function Beside({ service, data }: { service: string; data: ServicePageData | undefined }) {
  const t = useTexts(texts);
  const { search } = useUrl();
  const filter = term('service', service);
  return (
    <span className={classes.beside}>
      {data?.owner ? (
        <PageLink to="/services" search={{ team: data.owner.slug }}>
          {t.owner(data.owner.name)}
        </PageLink>
      ) : (
        data && (
          <Link to="/settings/$tab" params={{ tab: 'owners' }} search={carried(search)} className="dim">
            {t.noOwner}
          </Link>
        )
      )}
      {data?.product && <span className="dim">{data.product.name}</span>}
      <PageLink to="/logs" search={{ filter }}>
        {t.openLogs}
      </PageLink>
      <PageLink to="/traces" search={{ filter }}>
        {t.openTraces}
      </PageLink>
      <PageLink to="/errors" search={{ service }}>
        {t.openErrors}
      </PageLink>
      <PageLink to="/map" search={{ service }}>
        {t.openMap}
      </PageLink>
    </span>
  );
}

interface BodyProps {
  data: ServicePageData;
  by: 'day' | 'week';
}

function Body({ data: d, by }: BodyProps) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { scope, compare, fromMs } = useRange();
  const errors = useQuery(serviceErrorsQuery(d.service, scope, compare));
  const patterns = useQuery(servicePatternsQuery(d.service, scope, compare));
  const logs = d.levels.reduce((n, l) => n + l.count, 0);
  const filter = requestsOf(d.service);
  const since = d.since ? T.msOf(d.since) : undefined;
  const shift = compare === 'week' ? 7 * 86_400e3 : 86_400e3;
  const before = d.then && {
    from: T.addNs(d.from, -shift * 1e6),
    to: T.addNs(d.to, -shift * 1e6),
    step_ns: d.step_ns,
    trend: d.then,
  };
  const stored = (k: string) => k === 'db' || k === 'cache';
  return (
    <>
      <Verdict
        name={d.service}
        requests={d.requests}
        before={d.before}
        by={by}
        trend={d.trend}
        from={d.from}
        stepNs={d.step_ns}
        versions={d.versions}
        filter={filter}
        logs={logs}
      />
      {compare && since !== undefined && fromMs - shift < since && (
        <p className="dim">{t.incomplete(T.full(since, lang, false))}</p>
      )}
      <RedKpis filter={filter} requests={d.requests} before={compare ? d.before : undefined} trend={d.trend}>
        {levelKpi(d, t.errorLogs, compare !== undefined)}
      </RedKpis>
      {d.requests.count > 0 && <RedCharts now={d} before={before} />}
      <Section title={t.endpoints}>
        <Endpoints rows={d.endpoints} />
      </Section>
      <div className={classes.pair}>
        <Section title={t.in}>
          <Edges rows={d.in} side="in" />
        </Section>
        <Section title={t.out}>
          <Edges rows={d.out} side="out" />
        </Section>
      </div>
      <Section title={t.statements}>
        <Calls service={d.service} rows={d.calls.filter((c) => stored(c.peer.kind))} statements />
      </Section>
      <Section title={t.external}>
        <Calls service={d.service} rows={d.calls.filter((c) => !stored(c.peer.kind))} statements={false} />
      </Section>
      <div className={classes.pair}>
        <Panel
          title={t.errors}
          query={errors}
          height={120}
          aside={
            <PageLink to="/errors" search={{ service: d.service }}>
              {t.allErrors}
            </PageLink>
          }
        >
          {(e) => <Groups rows={e.items} />}
        </Panel>
        <Panel
          title={t.logs}
          query={patterns}
          height={120}
          aside={d.levels.length > 0 && <Levels service={d.service} levels={d.levels} />}
        >
          {(p) => <Patterns rows={p.items} />}
        </Panel>
      </div>
      <Section title={t.versions}>
        <Versions rows={d.versions} />
      </Section>
      <Section title={t.instances}>
        <Instances rows={d.instances} />
      </Section>
    </>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={classes.section}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

function levelKpi(d: ServicePageData, label: string, compared: boolean): Kpi[] {
  const bad = d.levels.filter((l) => l.level === 'error' || l.level === 'fatal');
  const sum = (of: (l: (typeof bad)[number]) => number) => bad.reduce((n, l) => n + of(l), 0);
  const value = sum((l) => l.count);
  const filter = `${term('service', d.service)} level>=error`;
  return [
    {
      key: 'logs',
      label,
      value,
      unit: 'count',
      hurts: 'up',
      ...(compared ? { before: sum((l) => l.before ?? 0) } : {}),
      link: (n) => (
        <PageLink to="/logs" search={{ filter }}>
          {n}
        </PageLink>
      ),
    },
  ];
}

interface RedKpisProps {
  filter: string;
  requests: Red;
  before: Red | undefined;
  trend: Trend;
  children?: Kpi[];
}

export function RedKpis({ filter, requests: r, before: b, trend, children = [] }: RedKpisProps) {
  const t = useTexts(texts);
  const { fromMs, toMs } = useRange();
  const minutes = Math.max(1 / 60, (toMs - fromMs) / 60e3);
  const link = (more: string) => (n: ReactNode) => (
    <PageLink to="/traces" search={{ filter: `${filter}${more}` }}>
      {n}
    </PageLink>
  );
  const none = r.count === 0;
  const duration = (k: 'p50' | 'p95' | 'p99'): Kpi => {
    const v = r[`${k}_ns`];
    return {
      key: k,
      label: k,
      value: none ? null : v,
      unit: 'duration',
      hurts: 'up',
      course: present(trend[`${k}_ns`], trend.count),
      color: percentileColors[k],
      ...(b ? { before: b.count ? b[`${k}_ns`] : null } : {}),
      ...(none ? {} : { link: link(` duration>=${Math.floor(v / 1e3)}us`) }),
    };
  };
  const items: Kpi[] = [
    {
      key: 'rate',
      label: t.requests,
      value: r.count / minutes,
      unit: 'perMinute',
      title: F.group(r.count),
      course: trend.count,
      ...(b ? { before: b.count / minutes } : {}),
      ...(none ? {} : { link: link('') }),
    },
    {
      key: 'errors',
      label: t.errorShare,
      value: none ? null : share(r.errors, r.count),
      unit: 'share',
      hurts: 'up',
      bad: r.errors > 0,
      title: F.group(r.errors),
      course: shares(trend.errors, trend.count),
      color: 'var(--y-level-error)',
      ...(b ? { before: b.count ? share(b.errors, b.count) : null } : {}),
      ...(r.errors > 0 ? { link: link(' status:error') } : {}),
    },
    duration('p50'),
    duration('p95'),
    duration('p99'),
    ...children,
  ];
  return <Kpis items={items} label={t.figures} />;
}
