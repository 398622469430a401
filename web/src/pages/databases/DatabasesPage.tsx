// The statements that most time is spent on, by their shape; one of them opens beside the
// list, with who calls it and its slow spans.
import { Drawer, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Span } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { compare as term } from '~/lib/filter';
import * as F from '~/lib/format';
import { share } from '~/lib/services';
import { type Call, callsQuery, spanListQuery } from '~/pages/services/services.queries';
import { ShortTable } from '~/pages/services/tables';
import { useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { CopyButton } from '~/ui/CopyButton';
import { Panel } from '~/ui/chart/Panel';
import { type Column, DataTable } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ServiceLink } from '~/ui/EntityLink';
import { ErrorState } from '~/ui/ErrorState';
import { Page } from '~/ui/Page';
import { PageLink, TraceLink } from '~/ui/PageLink';
import { useRedColumns } from '~/ui/redColumns';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { useUrl } from '~/url';
import classes from './databases.module.css';
import { texts } from './databases.texts';

const none: Call[] = [];
const filterOf = (c: Call) => `${term('peer', c.peer.name)} ${term('operation_id', c.shape)}`;
const keyOf = (c: Call) => `${c.peer.kind}\u0000${c.peer.name}\u0000${c.shape}`;

export function DatabasesPage() {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { search, set } = useUrl();
  const { scope, compare } = useRange();
  const [peer, service] = [search.peer ?? '', search.service ?? ''];
  const q = useQuery(
    callsQuery(scope, compare, { kinds: ['db', 'cache'], ...(service ? { service } : {}), limit: 500 }),
  );
  const all = q.data?.items ?? none;
  const rows = useMemo(() => (peer ? all.filter((c) => c.peer.name === peer) : all), [all, peer]);
  const totalNs = useMemo(() => rows.reduce((n, c) => n + c.calls.total_ns, 0), [rows]);
  const open = all.find((c) => c.shape === search.shape && (!peer || c.peer.name === peer));
  const show = (c: Call) => set({ shape: c.shape });
  const [at] = useRows(rows.length, (i) => rows[i] && show(rows[i]));
  const known = (values: string[], one: string) => [...new Set([...(one ? [one] : []), ...values])].sort();
  const first = rows[0];
  const columns = useColumns(totalNs, show, service);
  return (
    <Page
      title={t.title}
      aside={
        <>
          <Select
            aria-label={t.peer}
            placeholder={t.allPeers}
            data={known(
              all.map((c) => c.peer.name),
              peer,
            )}
            value={peer || null}
            onChange={(v) => set({ peer: v ?? '', shape: '' })}
            searchable
            clearable
            w={260}
          />
          <Select
            aria-label={t.service}
            placeholder={t.allServices}
            data={known(
              all.flatMap((c) => c.callers),
              service,
            )}
            value={service || null}
            onChange={(v) => set({ service: v ?? '', shape: '' })}
            searchable
            clearable
            w={200}
          />
          {rows.length > 0 && (
            <span className="dim">{t.summary(F.count(rows.length), F.duration(totalNs, lang))}</span>
          )}
        </>
      }
    >
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={12} height={24} />
      ) : rows.length === 0 ? (
        <Empty title={t.empty} text={t.emptyText} />
      ) : (
        <div className={q.isPlaceholderData ? 'stale' : undefined}>
          {first && share(first.calls.total_ns, totalNs) >= 0.2 && (
            <p className={classes.top}>
              {t.top(
                first.callers[0] ?? '–',
                F.percent(share(first.calls.total_ns, totalNs)),
                first.peer.name,
              )}
            </p>
          )}
          <div className={classes.wrap}>
            <DataTable
              caption={t.title}
              columns={columns}
              rows={rows}
              rowKey={keyOf}
              sort={search.sort ?? ''}
              onSort={(sort) => set({ sort }, { replace: true })}
              rowClass={() => classes.row}
              rowProps={(c, i) => ({ 'data-current': i === at || c === open })}
            />
          </div>
          {q.data.more && <p className="dim">{t.more}</p>}
        </div>
      )}
      <Drawer
        opened={open !== undefined}
        onClose={() => set({ shape: '' })}
        position="right"
        size="min(900px, 90%)"
        title={open ? open.peer.name : ''}
      >
        {open && <Statement call={open} />}
      </Drawer>
    </Page>
  );
}

function useColumns(totalNs: number, show: (c: Call) => void, service: string): Column<Call>[] {
  const t = useTexts(texts);
  const only = service ? ` ${term('service', service)}` : '';
  const red = useRedColumns<Call>({
    of: (c) => ({ red: c.calls, before: c.before, trend: c.trend, filter: filterOf(c) + only }),
    columns: ['total', 'rate', 'errors', 'p50', 'p95'],
    calls: true,
    totalNs,
  });
  return [
    {
      id: 'statement',
      header: t.statement,
      value: (c) => c.text,
      cell: (c) => (
        <span className={classes.statement}>
          <button
            type="button"
            className={`plain mono ${classes.text}`}
            title={c.text}
            onClick={() => show(c)}
          >
            {c.text}
          </button>
          <span className="dim">{c.peer.name}</span>
        </span>
      ),
    },
    {
      id: 'callers',
      header: t.callers,
      value: (c) => c.callers[0] ?? '',
      cell: (c) => (
        <span className={classes.callers}>
          {c.callers.slice(0, 2).map((s) => (
            <ServiceLink key={s} service={s} />
          ))}
          {c.services > 2 && <span className="dim">{t.moreCallers(F.count(c.services - 2))}</span>}
        </span>
      ),
    },
    ...red,
  ];
}

/** One statement: its text, who calls it, and its slow spans. */
function Statement({ call: c }: { call: Call }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { scope, compare } = useRange();
  const callers = useQuery(
    callsQuery(scope, compare, { kinds: [c.peer.kind], peer: c.peer.name, shape: c.shape, byCaller: true }),
  );
  const spans = useQuery(spanListQuery(scope, filterOf(c), 'slowest', 10));
  const red = useRedColumns<Call>({
    of: (r) => ({
      red: r.calls,
      before: r.before,
      trend: r.trend,
      filter: `${filterOf(c)} ${term('service', r.callers[0] ?? '')}`,
    }),
    columns: ['total', 'rate', 'errors', 'p95'],
    calls: true,
  });
  const callerColumns: Column<Call>[] = [
    {
      id: 'service',
      header: t.service,
      value: (r) => r.callers[0] ?? '',
      cell: (r) => <ServiceLink service={r.callers[0] ?? ''} />,
    },
    ...red,
  ];
  const spanColumns: Column<Span>[] = [
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
      id: 'service',
      header: t.service,
      value: (s) => s.service,
      cell: (s) => <ServiceLink service={s.service} />,
    },
    {
      id: 'duration',
      header: t.duration,
      numeric: true,
      value: (s) => s.duration_ns,
      cell: (s) => (
        <span className={s.status === 'error' ? 'bad' : undefined} title={F.exactDuration(s.duration_ns)}>
          {F.duration(s.duration_ns, lang)}
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
  return (
    <>
      <div className={classes.full}>
        <CopyButton value={c.text} text />
        <pre className="mono">{c.text}</pre>
      </div>
      <Panel title={t.byCaller} query={callers} height={80}>
        {(d) => (
          <ShortTable
            caption={t.byCaller}
            columns={callerColumns}
            rows={d.items}
            rowKey={(r) => r.callers.join()}
            empty={t.noSpans}
          />
        )}
      </Panel>
      <div className={classes.gap} />
      <Panel
        title={t.slow}
        query={spans}
        height={200}
        aside={
          <PageLink to="/traces" search={{ filter: filterOf(c) }}>
            {t.all}
          </PageLink>
        }
      >
        {(d) => (
          <ShortTable
            caption={t.slow}
            columns={spanColumns}
            rows={d.items}
            rowKey={(s) => s.id}
            empty={t.noSpans}
          />
        )}
      </Panel>
    </>
  );
}
