// An endpoint: how its durations are spread, what it answers, who calls it, its slow and its
// usual requests, and what those that suffer have in common.
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Span } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { compare as term, withDuration } from '~/lib/filter';
import * as F from '~/lib/format';
import { between } from '~/lib/range';
import { share } from '~/lib/services';
import * as T from '~/lib/time';
import { useCompareRange, useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { HeatMap } from '~/ui/chart/HeatMap';
import type { Box, HeatData } from '~/ui/chart/heat';
import { Panel } from '~/ui/chart/Panel';
import { Sparkline } from '~/ui/chart/Sparkline';
import type { Column } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ServiceLink } from '~/ui/EntityLink';
import { ErrorState } from '~/ui/ErrorState';
import { Page } from '~/ui/Page';
import { PageLink, TraceLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { carried, useUrl } from '~/url';
import { Breakdown } from './Breakdown';
import { Groups } from './Groups';
import { RedCharts } from './Red';
import { RedKpis, Section } from './ServicePage';
import { texts } from './service.texts';
import classes from './services.module.css';
import {
  contrastQuery,
  type Difference,
  type EndpointPageData,
  endpointQuery,
  serviceErrorsQuery,
  spanListQuery,
} from './services.queries';
import { requestsOf, ShortTable, Versions } from './tables';
import { Verdict } from './Verdict';

export function EndpointPage() {
  const t = useTexts(texts);
  const { service } = useParams({ strict: false }) as { service: string };
  const { search } = useUrl();
  const endpoint = search.endpoint ?? '';
  const { scope, compare } = useRange();
  const then = useCompareRange();
  const by = compare ?? 'day';
  const q = useQuery({ ...endpointQuery(service, endpoint, scope, by), enabled: endpoint !== '' });
  const b = useQuery({
    ...endpointQuery(service, endpoint, then?.scope ?? scope, undefined),
    enabled: then !== null && endpoint !== '',
  });
  const aside = (
    <span className={classes.beside}>
      <ServiceLink service={service} />
      <PageLink to="/traces" search={{ filter: requestsOf(service, endpoint) }}>
        {t.openTraces}
      </PageLink>
    </span>
  );
  return (
    <Page title={endpoint || service} aside={aside}>
      {endpoint === '' ? (
        <Empty title={t.noEndpoints} />
      ) : q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={16} height={24} />
      ) : (
        <div className={q.isPlaceholderData ? 'stale' : undefined}>
          <Body data={q.data} before={then ? b.data : undefined} by={by} />
        </div>
      )}
    </Page>
  );
}

/** heatOf reads the page's map: steps of rows of counts. */
function heatOf(d: EndpointPageData): HeatData {
  const from = T.msOf(d.from);
  const stepMs = d.step_ns / 1e6;
  const { bounds, cells, errors } = d.heatmap;
  return {
    stepMs,
    cells: cells.flatMap((column, i) =>
      column.flatMap((count, k) =>
        count > 0
          ? [
              {
                time: from + i * stepMs,
                lower: bounds[k] ?? 0,
                upper: bounds[k + 1] ?? Number.POSITIVE_INFINITY,
                count,
                errors: errors[i]?.[k] ?? 0,
              },
            ]
          : [],
      ),
    ),
  };
}

interface BodyProps {
  data: EndpointPageData;
  before: EndpointPageData | undefined;
  by: 'day' | 'week';
}

function Body({ data: d, before, by }: BodyProps) {
  const t = useTexts(texts);
  const { search } = useUrl();
  const navigate = useNavigate();
  const { scope, compare } = useRange();
  const filter = requestsOf(d.service, d.endpoint);
  const heat = useMemo(() => heatOf(d), [d]);
  const errors = useQuery(serviceErrorsQuery(d.service, scope, compare, d.endpoint));
  const open = (box: Box) =>
    void navigate({
      to: '/traces',
      search: {
        ...carried(search),
        ...between(box.fromMs, box.toMs),
        filter: withDuration(filter, box.lower, box.upper),
      },
    });
  return (
    <>
      <Verdict
        name={d.endpoint}
        requests={d.requests}
        before={d.before}
        by={by}
        trend={d.trend}
        from={d.from}
        stepNs={d.step_ns}
        versions={d.versions}
        filter={filter}
      />
      <RedKpis
        filter={filter}
        requests={d.requests}
        before={compare ? d.before : undefined}
        trend={d.trend}
      />
      {d.requests.count > 0 && (
        <>
          <Section title={t.heat}>
            <HeatMap label={t.heatLabel} data={heat} unit="duration" height={220} onSelect={open} />
          </Section>
          <RedCharts now={d} before={before} />
          <Breakdown service={d.service} endpoint={d.endpoint} />
          <div className={classes.pair}>
            <Spans title={t.slow} filter={filter} order="slowest" />
            <Typical filter={filter} p50={d.requests.p50_ns} />
          </div>
          <div className={classes.pair}>
            <WhoIsHit
              title={t.whoSlow}
              hint={t.whoSlowHint}
              filter={filter}
              chosen={`duration>=${Math.max(1, Math.floor(d.requests.p95_ns / 1e3))}us`}
              at={d.requests.p95_ns}
              count={d.requests.count >= 40 ? d.requests.count : 0}
            />
            <WhoIsHit
              title={t.whoFailing}
              hint={() => t.whoFailingHint}
              filter={filter}
              chosen="status:error"
              at={0}
              count={d.requests.errors}
              none={t.noFailing}
            />
          </div>
        </>
      )}
      <div className={classes.pair}>
        <Section title={t.codes}>
          <Codes d={d} filter={filter} />
        </Section>
        <Section title={t.callers}>
          <Callers d={d} />
        </Section>
      </div>
      <Panel title={t.errors} query={errors} height={80}>
        {(e) => <Groups rows={e.items} />}
      </Panel>
      <Section title={t.versions}>
        <Versions rows={d.versions} endpoint={d.endpoint} />
      </Section>
    </>
  );
}

const LISTED = 8;

function Spans({ title, filter, order }: { title: string; filter: string; order: 'slowest' | 'newest' }) {
  const { scope } = useRange();
  const q = useQuery(spanListQuery(scope, filter, order, LISTED));
  return (
    <Panel title={title} query={q} height={220}>
      {(d) => <SpanTable title={title} rows={d.items} />}
    </Panel>
  );
}

/** Those around the median: a fifth shorter to a fourth longer. */
function Typical({ filter, p50 }: { filter: string; p50: number }) {
  const t = useTexts(texts);
  const us = (ns: number) => `${Math.max(1, Math.round(ns / 1e3))}us`;
  return (
    <Spans
      title={t.typical}
      filter={`${filter} duration>=${us(p50 * 0.8)} duration<${us(p50 * 1.25)}`}
      order="newest"
    />
  );
}

function SpanTable({ title, rows }: { title: string; rows: Span[] }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const columns: Column<Span>[] = [
    {
      id: 'trace',
      header: t.trace,
      cell: (s) => (
        <TraceLink id={s.trace_id} span={s.span_id} className="mono">
          {s.trace_id.slice(0, 8)}
        </TraceLink>
      ),
    },
    {
      id: 'duration',
      header: t.duration,
      numeric: true,
      value: (s) => s.duration_ns,
      cell: (s) => <span title={F.exactDuration(s.duration_ns)}>{F.duration(s.duration_ns, lang)}</span>,
    },
    {
      id: 'status',
      header: t.status,
      value: (s) => s.status,
      cell: (s) => (
        <span className={s.status === 'error' ? 'bad' : 'dim'} title={s.status_message}>
          {s.attributes['http.response.status_code'] ?? ''} {s.status === 'error' ? t.error : ''}
        </span>
      ),
    },
    {
      id: 'time',
      header: t.time,
      numeric: true,
      value: (s) => s.time,
      cell: (s) => <Ago time={s.time} compact />,
    },
  ];
  return <ShortTable caption={title} columns={columns} rows={rows} rowKey={(s) => s.id} empty={t.noSpans} />;
}

interface WhoProps {
  title: string;
  hint: (at: string) => string;
  filter: string;
  chosen: string;
  at: number;
  /** count of the chosen; with none there is nothing to ask. */
  count: number;
  none?: string;
}

function WhoIsHit({ title, hint, filter, chosen, at, count, none }: WhoProps) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { scope } = useRange();
  const q = useQuery({ ...contrastQuery(scope, filter, chosen), enabled: count > 0 });
  if (count === 0)
    return (
      <Section title={title}>
        <p className={classes.nothing}>{none ?? t.tooFew}</p>
      </Section>
    );
  const columns: Column<Difference>[] = [
    {
      id: 'attribute',
      header: t.attribute,
      value: (x) => x.key,
      cell: (x) => (
        <span className="mono">
          {x.key} = <strong>{x.value}</strong>
        </span>
      ),
    },
    {
      id: 'chosen',
      header: t.ofChosen,
      numeric: true,
      value: (x) => x.chosen_part,
      cell: (x) => (
        <PageLink
          to="/traces"
          search={{ filter: `${filter} ${chosen} ${term(x.key, x.value)}` }}
          title={F.group(x.chosen)}
        >
          {F.percent(x.chosen_part)}
        </PageLink>
      ),
    },
    {
      id: 'others',
      header: t.ofOthers,
      numeric: true,
      value: (x) => x.others_part,
      cell: (x) => <span title={F.group(x.others)}>{F.percent(x.others_part)}</span>,
    },
  ];
  return (
    <Panel
      title={title}
      query={q}
      height={140}
      aside={<span className="dim">{hint(F.duration(at, lang))}</span>}
    >
      {(d) => (
        <ShortTable
          caption={title}
          columns={columns}
          rows={d.items}
          rowKey={(x) => `${x.key}\u0000${x.value}`}
          empty={t.nothingCommon}
        />
      )}
    </Panel>
  );
}

function Codes({ d, filter }: { d: EndpointPageData; filter: string }) {
  const t = useTexts(texts);
  const rpc = d.codes.every((c) => c.code.length < 3);
  const key = rpc ? 'rpc.response.status_code' : 'http.response.status_code';
  const columns: Column<EndpointPageData['codes'][number]>[] = [
    {
      id: 'code',
      header: t.code,
      value: (c) => c.code,
      cell: (c) =>
        c.code ? <strong className={c.errors > 0 ? 'bad' : undefined}>{c.code}</strong> : t.noCode,
    },
    {
      id: 'count',
      header: t.count,
      numeric: true,
      value: (c) => c.count,
      cell: (c) => (
        <span className={classes.spark}>
          <Sparkline values={c.trend} color={c.errors > 0 ? 'var(--y-level-error)' : 'var(--y-level-info)'} />
          <span className={classes.figure}>
            {c.code ? (
              <PageLink
                to="/traces"
                search={{ filter: `${filter} ${term(key, c.code)}` }}
                title={F.group(c.count)}
              >
                {F.count(c.count)}
              </PageLink>
            ) : (
              F.count(c.count)
            )}
          </span>
        </span>
      ),
    },
    {
      id: 'part',
      header: t.part,
      numeric: true,
      value: (c) => c.count,
      cell: (c) => F.percent(share(c.count, d.requests.count)),
    },
  ];
  return (
    <ShortTable caption={t.codes} columns={columns} rows={d.codes} rowKey={(c) => c.code} empty={t.noSpans} />
  );
}

function Callers({ d }: { d: EndpointPageData }) {
  const t = useTexts(texts);
  const columns: Column<EndpointPageData['callers'][number]>[] = [
    {
      id: 'caller',
      header: t.caller,
      value: (c) => c.service,
      cell: (c) => <ServiceLink service={c.service} className={classes.name} />,
    },
    {
      id: 'part',
      header: t.part,
      numeric: true,
      value: (c) => c.part,
      cell: (c) => <span title={t.sampledOf(F.group(c.sampled))}>{F.percent(c.part)}</span>,
    },
  ];
  return (
    <ShortTable
      caption={t.callers}
      columns={columns}
      rows={d.callers}
      rowKey={(c) => `${c.service}\u0000${c.env}`}
      empty={t.noCallers}
    />
  );
}
