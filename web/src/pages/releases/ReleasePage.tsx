// A release: in a sentence what it changed, then the figures of both sides, endpoint by
// endpoint, the errors that it brought and took away, and who runs which version.
import { SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { palette } from '~/lib/colors';
import { compare as term } from '~/lib/filter';
import * as F from '~/lib/format';
import { share } from '~/lib/services';
import * as T from '~/lib/time';
import { RangeWindow, useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { type ChartData, gridOf, type Mark } from '~/ui/chart/data';
import { Marks } from '~/ui/chart/Marks';
import { TimeChart } from '~/ui/chart/TimeChart';
import type { Column } from '~/ui/DataTable';
import { EndpointLink, ServiceLink } from '~/ui/EntityLink';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { Page } from '~/ui/Page';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { type Search, useUrl } from '~/url';
import { RedCharts } from '../services/Red';
import { Section } from '../services/ServicePage';
import services from '../services/services.module.css';
import { ShortTable } from '../services/tables';
import { ReleaseGroups } from './Groups';
import { Commit, CountTurn, ErrorsTurn, LatencyTurn, ReleaseLink, ReleaseMarks } from './parts';
import classes from './releases.module.css';
import {
  type Against,
  type Effect,
  type EndpointEffect,
  effectQuery,
  type Release,
} from './releases.queries';
import { texts } from './releases.texts';

const windows = ['15m', '1h', '6h', '24h', '168h'];

export function ReleasePage() {
  const t = useTexts(texts);
  const { release = '' } = useParams({ strict: false }) as { release?: string };
  const { search } = useUrl();
  const { compare, live } = useRange();
  const window = windows.includes(search.window ?? '') ? search.window! : '1h';
  const against: Against = compare ?? 'before';
  const q = useQuery({ ...effectQuery(release, window, against), refetchInterval: live ? 60e3 : false });
  const title = q.data ? `${q.data.release.service} ${q.data.release.version}` : t.title;
  return (
    <Page title={title} aside={q.data && <Beside data={q.data} />}>
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={16} height={24} />
      ) : (
        <div className={q.isPlaceholderData ? 'stale' : undefined}>
          <Body data={q.data} window={window} against={against} />
        </div>
      )}
    </Page>
  );
}

/** since is the range of what can be blamed on a release. */
function since(d: Effect): Search {
  const { release: r } = d;
  return { from: r.from, to: r.to ?? 'now', ...(r.env ? { env: r.env } : {}) };
}

function Beside({ data: d }: { data: Effect }) {
  const t = useTexts(texts);
  const { release: r } = d;
  const range = since(d);
  const filter = `${term('service', r.service)} ${term('version', r.version)}`;
  return (
    <span className={services.beside}>
      {r.known && <ServiceLink service={r.service} env={r.env} search={range} />}
      <PageLink to="/releases" search={{ service: r.service }}>
        {t.all}
      </PageLink>
      {r.known && (
        <>
          <PageLink to="/traces" search={{ ...range, filter }}>
            {t.traces}
          </PageLink>
          <PageLink to="/logs" search={{ ...range, filter }}>
            {t.logs}
          </PageLink>
          <PageLink to="/errors" search={{ ...range, service: r.service }}>
            {t.errorsSince}
          </PageLink>
        </>
      )}
      {d.diff_url && (
        <a href={d.diff_url} target="_blank" rel="noreferrer">
          {t.diff}
        </a>
      )}
    </span>
  );
}

interface BodyProps {
  data: Effect;
  window: string;
  against: Against;
}

function Body({ data: d, window, against }: BodyProps) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { set } = useUrl();
  const { setCompare } = useRange();
  const { release: r, window: w } = d;
  const empty = w.from === w.to;
  const of = (from: string, to: string) =>
    `${T.shortDate(T.msOf(from), lang)} ${T.clock(T.msOf(from))} – ${T.clock(T.msOf(to))}`;
  const begun = d.since ? T.msOf(d.since) : undefined;
  return (
    <>
      <Facts release={r} previous={d.release.previous} next={d.release.next} />
      {r.known && (
        <>
          <Sentence data={d} />
          <div className={classes.controls}>
            <SegmentedControl
              aria-label={t.window}
              data={windows.map((value) => ({ value, label: t.windows[value] ?? value }))}
              value={window}
              onChange={(v) => set({ window: v === '1h' ? '' : v }, { replace: true })}
            />
            <Select
              aria-label={t.against}
              data={(['before', 'day', 'week'] as const).map((value) => ({
                value,
                label: t.againsts[value],
              }))}
              value={against}
              onChange={(v) => setCompare(v === 'day' || v === 'week' ? v : undefined)}
              allowDeselect={false}
              w={180}
            />
            {!empty && (
              <span className="dim">
                {t.compared(of(w.from, w.to), of(w.before_from, w.before_to))} {w.live && t.live}
              </span>
            )}
          </div>
          {begun !== undefined && T.msOf(w.before_from) < begun && (
            <p className="dim">{t.incomplete(T.full(begun, lang, false))}</p>
          )}
          {!empty && <Both data={d} />}
        </>
      )}
    </>
  );
}

function Facts({
  release: r,
  previous,
  next,
}: {
  release: Release;
  previous: Release | undefined;
  next: Release | undefined;
}) {
  const t = useTexts(texts);
  const fact = (name: string, value: ReactNode) =>
    value ? (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ) : null;
  return (
    <dl className={classes.facts}>
      {fact(
        t.released,
        <>
          <Ago time={r.at} />
          <ReleaseMarks release={r} />
        </>,
      )}
      {fact(t.env, r.env)}
      {fact(t.by, r.author)}
      {fact(
        t.source,
        `${t.sources[r.source]}${r.created_by && r.source !== 'telemetry' ? ` (${r.created_by})` : ''}`,
      )}
      {fact(t.commit, r.commit ? <Commit release={r} /> : null)}
      {fact(
        t.link,
        r.url && !r.commit ? (
          <a href={r.url} target="_blank" rel="noreferrer">
            {r.url}
          </a>
        ) : null,
      )}
      {fact(t.replaced, r.replaced ? <Ago time={r.replaced} /> : null)}
      {fact(t.previous, previous ? <ReleaseLink release={previous} /> : null)}
      {fact(t.next, next ? <ReleaseLink release={next} /> : null)}
      {fact(t.note, r.note)}
    </dl>
  );
}

function Sentence({ data: d }: { data: Effect }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { after, before, errors, latency } = d.requests;
  const fails = t.failNow(
    F.percent(share(after.errors, after.count)),
    F.percent(share(before.errors, before.count)),
  );
  const slow = t.p95Now(F.duration(after.p95_ns, lang), F.duration(before.p95_ns, lang));
  const said = (turn: 'worse' | 'better') =>
    [errors === turn && fails, latency === turn && slow].filter(Boolean) as string[];
  const worse = said('worse');
  const better = said('better');
  if (d.new_errors.length > 0) worse.push(t.newErrors(F.count(d.new_errors.length)));
  const sep = lang === 'ja' ? '、' : ', ';
  const text =
    d.window.from === d.window.to
      ? t.verdictNone
      : worse.length > 0 && better.length > 0
        ? t.verdictMixed(worse.join(sep), better.join(sep))
        : worse.length > 0
          ? t.verdictWorse(worse.join(sep))
          : better.length > 0
            ? t.verdictBetter(better.join(sep))
            : errors === 'too_few'
              ? t.verdictFew
              : t.verdictSame;
  const failing = errors === 'worse';
  const state = failing ? 'failing' : worse.length > 0 ? 'slow' : 'well';
  return (
    <div className={services.verdict} data-state={state} role="status">
      <Icon name={failing ? 'error' : worse.length > 0 ? 'warning' : 'ok'} />
      <span>{text}</span>
    </div>
  );
}

function Both({ data: d }: { data: Effect }) {
  const t = useTexts(texts);
  const { release: r } = d;
  const marks = useMemo(
    () =>
      [d.release.previous, d.release, d.release.next].flatMap((x): Mark[] =>
        x
          ? [
              {
                time: T.msOf(x.at),
                kind: 'release',
                title: `${x.service} ${x.version}`,
                href: `/releases/${x.id}`,
              },
            ]
          : [],
      ),
    [d.release],
  );
  return (
    <Marks marks={marks}>
      <RangeWindow from={d.from} to={d.to}>
        <RedCharts now={d} />
        {d.versions.length > 0 && (
          <Section title={t.versions}>
            <ByVersion data={d} />
          </Section>
        )}
      </RangeWindow>
      <Section title={t.endpoints}>
        <Endpoints data={d} />
      </Section>
      <div className={services.pair}>
        <Section title={t.newSince}>
          <ReleaseGroups caption={t.newSince} release={r} rows={d.new_errors} empty={t.noNew} />
        </Section>
        <Section title={t.goneSince}>
          <ReleaseGroups caption={t.goneSince} release={r} rows={d.gone_errors} empty={t.noGone} gone />
        </Section>
      </div>
      <div className={services.pair}>
        <Section title={t.lasting}>
          <ReleaseGroups caption={t.lasting} release={r} rows={d.lasting_errors} empty={t.noLasting} />
        </Section>
        {d.other_errors.length > 0 && (
          <Section title={t.other}>
            <ReleaseGroups caption={t.other} release={r} rows={d.other_errors} empty={t.noLasting} />
          </Section>
        )}
      </div>
      <Section title={t.instances}>
        <Running data={d} />
      </Section>
    </Marks>
  );
}

function ByVersion({ data: d }: { data: Effect }) {
  const t = useTexts(texts);
  const chart = useMemo<ChartData>(() => {
    const stepMs = d.step_ns / 1e6;
    const times = gridOf(T.msOf(d.from), stepMs, d.trend.count.length);
    const others = d.versions.filter((v) => v.version !== d.release.version);
    return {
      times,
      stepMs,
      series: d.versions.map((v) => ({
        key: `${v.version}\u0000${v.env}`,
        label: v.version || t.noVersion,
        color: v.version === d.release.version ? palette[0] : palette[1 + (others.indexOf(v) % 4)]!,
        values: v.requests.count > 0 ? v.trend.count : times.map(() => 0),
      })),
    };
  }, [d, t]);
  return <TimeChart label={t.versions} data={chart} unit="count" kind="area" height={120} />;
}

function Endpoints({ data: d }: { data: Effect }) {
  const t = useTexts(texts);
  const { release: r } = d;
  const columns: Column<EndpointEffect>[] = [
    {
      id: 'endpoint',
      header: t.endpoint,
      value: (e) => e.endpoint,
      cell: (e) => (
        <>
          <EndpointLink
            service={r.service}
            endpoint={e.endpoint}
            env={r.env}
            search={{ from: d.from, to: d.to }}
            className={services.name}
          />
          {e.kind === 'consumer' && <span className={services.kind}>{t.consumer}</span>}
          {e.before.count === 0 && <span className={services.kind}>{t.isNew}</span>}
          {e.after.count === 0 && <span className={services.kind}>{t.gone}</span>}
        </>
      ),
    },
    {
      id: 'requests',
      header: t.requests,
      numeric: true,
      value: (e) => e.after.count,
      cell: (e) => <CountTurn of={e} />,
    },
    {
      id: 'errors',
      header: t.errorShare,
      numeric: true,
      value: (e) => share(e.after.errors, e.after.count),
      cell: (e) => <ErrorsTurn of={e} />,
    },
    {
      id: 'p95',
      header: t.latency,
      numeric: true,
      value: (e) => e.after.p95_ns,
      cell: (e) => <LatencyTurn of={e} />,
    },
  ];
  return (
    <ShortTable
      caption={t.endpoints}
      columns={columns}
      rows={d.endpoints}
      rowKey={(e) => `${e.endpoint}\u0000${e.kind}`}
      empty={t.noEndpoints}
    />
  );
}

type Instance = Effect['instances'][number];

function Running({ data: d }: { data: Effect }) {
  const t = useTexts(texts);
  const counts = useMemo(() => {
    const n = new Map<string, number>();
    for (const i of d.instances) n.set(i.version, (n.get(i.version) ?? 0) + 1);
    return [...n];
  }, [d.instances]);
  const columns: Column<Instance>[] = [
    {
      id: 'version',
      header: t.version,
      value: (i) => i.version,
      cell: (i) => <strong className="mono">{i.version || t.noVersion}</strong>,
    },
    {
      id: 'instance',
      header: t.instance,
      value: (i) => i.instance,
      cell: (i) => <span className="mono">{i.instance || '–'}</span>,
    },
    { id: 'host', header: t.host, value: (i) => i.host, cell: (i) => i.host || '–' },
    {
      id: 'spans',
      header: t.spans,
      numeric: true,
      value: (i) => i.spans,
      cell: (i) => (
        <PageLink
          to="/traces"
          search={{
            ...since(d),
            filter: `${term('service', i.service)} ${term('instance', i.instance)}`,
          }}
          title={F.group(i.spans)}
        >
          {F.count(i.spans)}
        </PageLink>
      ),
    },
    {
      id: 'last',
      header: t.last,
      numeric: true,
      value: (i) => i.last,
      cell: (i) => <Ago time={i.last} compact />,
    },
  ];
  return (
    <>
      {counts.length > 0 && (
        <ul className={classes.counts}>
          {counts.map(([version, n]) => (
            <li key={version}>{t.instancesOf(version || t.noVersion, F.count(n))}</li>
          ))}
        </ul>
      )}
      <ShortTable
        caption={t.instances}
        columns={columns}
        rows={d.instances}
        rowKey={(i) => `${i.instance}\u0000${i.host}\u0000${i.version}`}
        empty={t.noInstances}
      />
    </>
  );
}
