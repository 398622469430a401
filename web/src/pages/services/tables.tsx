// The tables of a service's page. Every name is a link to its page, every number opens the
// rows behind it.
import { useMemo, useState } from 'react';
import { useTexts } from '~/i18n';
import { levelColor } from '~/lib/colors';
import { compare } from '~/lib/filter';
import * as F from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { Change } from '~/ui/chart/Change';
import { Sparkline } from '~/ui/chart/Sparkline';
import { type Column, DataTable } from '~/ui/DataTable';
import { EndpointLink, ServiceLink } from '~/ui/EntityLink';
import { Level } from '~/ui/Level';
import { PageLink } from '~/ui/PageLink';
import { useRedColumns } from '~/ui/redColumns';
import { CallName, PeerName } from './names';
import { texts } from './service.texts';
import classes from './services.module.css';
import type {
  Call,
  Edge,
  EndpointRow,
  Instance,
  Pattern,
  ServicePageData,
  Version,
} from './services.queries';

/** requestsOf selects the requests of a service, or of one endpoint of it. */
export function requestsOf(service: string, endpoint?: string): string {
  return `${compare('service', service)} ${endpoint === undefined ? 'endpoint:*' : compare('endpoint', endpoint)}`;
}

/** Beyond so many rows a table asks before it shows the rest. */
const SHORT = 12;

interface ListProps<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  empty: string;
}

/** A table that is short at first, sorted by itself; empty, it says what would stand there. */
export function ShortTable<T extends object>({ caption, columns, rows, rowKey, empty }: ListProps<T>) {
  const t = useTexts(texts);
  const [sort, setSort] = useState('');
  const [all, setAll] = useState(false);
  if (rows.length === 0) return <p className={classes.nothing}>{empty}</p>;
  // What sorts must sort all of it.
  const shown = all || sort !== '' || rows.length <= SHORT + 2 ? rows : rows.slice(0, SHORT);
  return (
    <div className={classes.wrap}>
      <DataTable
        caption={caption}
        columns={columns}
        rows={shown}
        rowKey={rowKey}
        sort={sort}
        onSort={setSort}
      />
      {shown.length < rows.length && (
        <button type="button" className={`plain ${classes.more}`} onClick={() => setAll(true)}>
          {t.all(F.count(rows.length))}
        </button>
      )}
    </div>
  );
}

export function Endpoints({ rows }: { rows: EndpointRow[] }) {
  const t = useTexts(texts);
  const red = useRedColumns<EndpointRow>({
    of: (e) => ({
      red: e.requests,
      before: e.before,
      trend: e.trend,
      env: e.env,
      ...(e.endpoint === '(other)' ? {} : { filter: requestsOf(e.service, e.endpoint) }),
    }),
    columns: ['rate', 'errors', 'p50', 'p95', 'p99'],
  });
  const columns: Column<EndpointRow>[] = [
    {
      id: 'endpoint',
      header: t.endpoint,
      value: (e) => e.endpoint,
      cell: (e) => (
        <>
          <EndpointLink service={e.service} endpoint={e.endpoint} className={classes.name} />
          {e.kind === 'consumer' && <span className={classes.kind}>{t.consumer}</span>}
        </>
      ),
    },
    ...red,
  ];
  return (
    <ShortTable
      caption={t.endpoints}
      columns={columns}
      rows={rows}
      rowKey={(e) => `${e.endpoint}\u0000${e.kind}\u0000${e.env}`}
      empty={t.noEndpoints}
    />
  );
}

/** Edges out of a service, or into it. */
export function Edges({ rows, side }: { rows: Edge[]; side: 'in' | 'out' }) {
  const t = useTexts(texts);
  const red = useRedColumns<Edge>({
    of: (e) => ({
      red: e.calls,
      before: e.before,
      trend: e.trend,
      env: e.env,
      filter: `${compare('service', e.service)} ${compare('peer', e.peer.name)}`,
    }),
    columns: ['rate', 'errors', 'p50', 'p95'],
    calls: true,
  });
  const columns: Column<Edge>[] = [
    {
      id: 'name',
      header: side === 'in' ? t.caller : t.peer,
      value: (e) => (side === 'in' && !e.consumes ? e.service : e.to || e.peer.name),
      cell: (e) =>
        side === 'in' && !e.consumes ? (
          <ServiceLink service={e.service} className={classes.name} />
        ) : (
          <PeerName edge={e} consumed={side === 'in'} />
        ),
    },
    ...red,
  ];
  return (
    <ShortTable
      caption={side === 'in' ? t.in : t.out}
      columns={columns}
      rows={rows}
      rowKey={(e) => [e.service, e.env, e.peer.kind, e.peer.name, e.to, e.to_env, e.consumes].join('\u0000')}
      empty={side === 'in' ? t.noIn : t.noOut}
    />
  );
}

export function Calls({ rows, service, statements }: { rows: Call[]; service: string; statements: boolean }) {
  const t = useTexts(texts);
  const totalNs = useMemo(() => rows.reduce((n, c) => n + c.calls.total_ns, 0), [rows]);
  const red = useRedColumns<Call>({
    of: (c) => ({
      red: c.calls,
      before: c.before,
      trend: c.trend,
      filter: `${compare('service', service)} ${compare('peer', c.peer.name)} ${compare('operation_id', c.shape)}`,
    }),
    columns: ['total', 'rate', 'errors', 'p95'],
    calls: true,
    totalNs,
  });
  const columns: Column<Call>[] = [
    {
      id: 'text',
      header: statements ? t.statement : t.operation,
      value: (c) => c.text,
      cell: (c) => <CallName call={c} statement={statements} />,
    },
    ...red,
  ];
  return (
    <ShortTable
      caption={statements ? t.statements : t.external}
      columns={columns}
      rows={rows}
      rowKey={(c) => `${c.peer.kind}\u0000${c.peer.name}\u0000${c.shape}`}
      empty={statements ? t.noStatements : t.noExternal}
    />
  );
}

export function Levels({ service, levels }: { service: string; levels: ServicePageData['levels'] }) {
  const t = useTexts(texts);
  const { compare: by } = useRange();
  return (
    <ul className={classes.levels}>
      {levels.map((l) => (
        <li key={l.level}>
          <Sparkline values={l.trend} color={levelColor(l.level)} />
          <PageLink
            to="/logs"
            search={{ filter: `${compare('service', service)} ${l.level ? `level:${l.level}` : '-level:*'}` }}
            title={F.group(l.count)}
          >
            {F.count(l.count)}
          </PageLink>
          {l.level ? <Level level={l.level} /> : <span className="dim">{t.noLevel}</span>}
          {by && (
            <Change
              now={l.count}
              before={l.before ?? 0}
              unit="count"
              {...(l.level === 'error' || l.level === 'fatal' ? { hurts: 'up' as const } : {})}
            />
          )}
        </li>
      ))}
    </ul>
  );
}

export function Patterns({ rows }: { rows: Pattern[] }) {
  const t = useTexts(texts);
  const { compare: by } = useRange();
  const columns: Column<Pattern>[] = [
    {
      id: 'pattern',
      header: t.pattern,
      value: (p) => p.text,
      cell: (p) => (
        <span className={classes.pattern} title={p.example}>
          <Level level={p.level} />
          <span>{p.text}</span>
        </span>
      ),
    },
    {
      id: 'count',
      header: t.count,
      numeric: true,
      value: (p) => p.count,
      cell: (p) => (
        <span className={classes.spark}>
          <Sparkline values={p.trend} color={levelColor(p.level)} />
          <span className={classes.figure}>
            <PageLink
              to="/logs"
              search={{ filter: `${compare('service', p.service)} ${compare('pattern', p.id)}` }}
              title={F.group(p.count)}
            >
              {F.count(p.count)}
            </PageLink>
          </span>
          {by && <Change now={p.count} before={p.before ?? 0} unit="count" />}
        </span>
      ),
    },
  ];
  return (
    <ShortTable
      caption={t.patterns}
      columns={columns}
      rows={rows}
      rowKey={(p) => `${p.id}\u0000${p.env}`}
      empty={t.noLogs}
    />
  );
}

export function Versions({ rows, endpoint }: { rows: Version[]; endpoint?: string }) {
  const t = useTexts(texts);
  const red = useRedColumns<Version>({
    of: (v) => ({
      red: v.requests,
      trend: v.trend,
      env: v.env,
      filter: `${requestsOf(v.service, endpoint)} ${v.version ? compare('version', v.version) : '-version:*'}`,
    }),
    columns: ['rate', 'errors', 'p50', 'p95'],
  });
  const columns: Column<Version>[] = [
    {
      id: 'version',
      header: t.version,
      value: (v) => v.version,
      cell: (v) => <span className="mono nowrap">{v.version || '–'}</span>,
    },
    { id: 'first', header: t.first, value: (v) => v.first, cell: (v) => <Ago time={v.first} compact /> },
    { id: 'last', header: t.last, value: (v) => v.last, cell: (v) => <Ago time={v.last} compact /> },
    ...red.map((c) => ({ ...c, cell: withoutChange(c) })),
  ];
  return (
    <ShortTable
      caption={t.versions}
      columns={columns}
      rows={rows}
      rowKey={(v) => `${v.version}\u0000${v.env}`}
      empty={t.noVersions}
    />
  );
}

/** Versions come and go: nothing is compared with what one was a week ago. */
function withoutChange<T>(c: Column<T>) {
  return (row: T) => <span className={classes.noChange}>{c.cell(row)}</span>;
}

export function Instances({ rows }: { rows: Instance[] }) {
  const t = useTexts(texts);
  const of = (i: Instance) => `${compare('service', i.service)} ${compare('instance', i.instance)}`;
  const columns: Column<Instance>[] = [
    {
      id: 'instance',
      header: t.instance,
      value: (i) => i.instance,
      cell: (i) => (
        <span className="mono" title={resourceOf(i)}>
          {i.instance || '–'}
        </span>
      ),
    },
    {
      id: 'host',
      header: t.host,
      value: (i) => i.host,
      cell: (i) => <span className="mono">{i.host || '–'}</span>,
    },
    {
      id: 'version',
      header: t.version,
      value: (i) => i.version,
      cell: (i) => <span className="mono nowrap">{i.version || '–'}</span>,
    },
    {
      id: 'spans',
      header: t.spans,
      numeric: true,
      value: (i) => i.spans,
      cell: (i) => (
        <PageLink to="/traces" search={{ filter: of(i) }} title={F.group(i.spans)}>
          {F.count(i.spans)}
        </PageLink>
      ),
    },
    {
      id: 'logs',
      header: t.logs,
      numeric: true,
      value: (i) => i.logs,
      cell: (i) => (
        <PageLink to="/logs" search={{ filter: of(i) }} title={F.group(i.logs)}>
          {F.count(i.logs)}
        </PageLink>
      ),
    },
    {
      id: 'errorLogs',
      header: t.errorLogs,
      numeric: true,
      value: (i) => i.error_logs,
      cell: (i) =>
        i.error_logs > 0 ? (
          <PageLink to="/logs" search={{ filter: `${of(i)} level>=error` }} className="bad">
            {F.count(i.error_logs)}
          </PageLink>
        ) : (
          '0'
        ),
    },
    { id: 'last', header: t.last, value: (i) => i.last, cell: (i) => <Ago time={i.last} compact /> },
  ];
  return (
    <ShortTable
      caption={t.instances}
      columns={columns}
      rows={rows}
      rowKey={(i) => `${i.instance}\u0000${i.host}\u0000${i.env}`}
      empty={t.noInstances}
    />
  );
}

const resourceOf = (i: Instance) =>
  Object.entries(i.resource)
    .map(([k, v]) => `${k}=${v}`)
    .join('\n');
