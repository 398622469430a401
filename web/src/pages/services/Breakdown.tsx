// Where the time of an endpoint goes: a bar for each kind of requests, and under it the
// operations, with what is different when it is slow. Everything opens a trace.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { Scope } from '~/api/queries';
import type { components } from '~/api/schema';
import { useI18n, useTexts } from '~/i18n';
import { palette } from '~/lib/colors';
import * as F from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { Panel } from '~/ui/chart/Panel';
import type { Column } from '~/ui/DataTable';
import { TraceLink } from '~/ui/PageLink';
import classes from './breakdown.module.css';
import { texts } from './breakdown.texts';
import services from './services.module.css';
import { ShortTable } from './tables';

type Data = components['schemas']['BreakdownView'];
type Operation = Data['operations'][number];
type Stratum = Data['strata'][number];

// It is read from many traces: once for a range, and again when that is chosen anew.
const breakdownQuery = (service: string, endpoint: string, raw: string, s: Scope) =>
  queryOptions({
    queryKey: ['breakdown', service, endpoint, raw, s.env],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/services/{service}/endpoint/breakdown', {
          params: {
            path: { service },
            query: { from: s.from, to: s.to, ...(s.env ? { env: s.env } : {}), endpoint },
          },
          signal,
        }),
      ),
    staleTime: 300e3,
  });

/** So many operations have a colour of their own; the others share a grey. */
const COLOURED = palette.length;
const colorAt = (i: number) => (i < COLOURED ? palette[i]! : 'var(--y-line-strong)');

export function Breakdown({ service, endpoint }: { service: string; endpoint: string }) {
  const t = useTexts(texts);
  const { raw, scope } = useRange();
  const q = useQuery(breakdownQuery(service, endpoint, `${raw.from}|${raw.to}`, scope));
  return (
    <div className={services.section}>
      <Panel title={t.title} query={q} height={220}>
        {(d) => <Parts data={d} service={service} />}
      </Panel>
    </div>
  );
}

function Parts({ data: d, service }: { data: Data; service: string }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const read = d.strata.filter((s) => s.read > 0);
  if (read.length === 0) return <p className="dim">{t.empty}</p>;
  const sep = lang === 'ja' ? '、' : ', ';
  return (
    <>
      <p className={classes.read}>
        {t.read(
          read
            .map((s) =>
              t.some(F.count(s.read), lang === 'ja' ? t.kinds[s.kind] : t.kinds[s.kind].toLowerCase()),
            )
            .join(sep),
          F.count(d.requests),
          F.count(d.spans),
        )}{' '}
        {d.left > 0 && t.left(F.count(d.left))}
      </p>
      <dl className={classes.bars}>
        {d.strata.map((s, i) => (
          <Bar key={s.kind} data={d} stratum={s} at={i} />
        ))}
      </dl>
      <Table data={d} service={service} />
    </>
  );
}

function useName() {
  const t = useTexts(texts);
  return (o: Operation) => (o.name ? `${o.service} ${o.name}` : t.rest);
}

function Bar({ data: d, stratum: s, at }: { data: Data; stratum: Stratum; at: number }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const name = useName();
  const hint = s.kind === 'slow' ? t.hints.slow(F.duration(d.slow_ns, lang)) : t.hints[s.kind];
  return (
    <>
      <dt>
        <strong>{t.kinds[s.kind]}</strong> <span className="dim">{hint}</span>
      </dt>
      <dd>
        {s.read === 0 ? (
          <span className="dim">{t.none}</span>
        ) : (
          <>
            <ul className={classes.bar} aria-label={t.bar(t.kinds[s.kind])}>
              {d.operations.map((o, i) => {
                const p = o.parts[at]!;
                if (p.share <= 0) return null;
                const text = t.segment(name(o), F.percent(p.share), F.duration(p.mean_ns, lang));
                return (
                  <li
                    key={`${o.service}\u0000${o.kind}\u0000${o.name}`}
                    style={{ flexGrow: p.share, background: colorAt(i) }}
                  >
                    {p.trace_id ? (
                      <TraceLink id={p.trace_id} span={p.span_id} title={text} className={classes.open ?? ''}>
                        <span className="visually-hidden">{text}</span>
                      </TraceLink>
                    ) : (
                      <span className="visually-hidden">{text}</span>
                    )}
                  </li>
                );
              })}
            </ul>
            <TraceLink id={s.trace_id} span={s.span_id} className="nowrap">
              p50 {F.duration(s.p50_ns, lang)}
            </TraceLink>
          </>
        )}
      </dd>
    </>
  );
}

function Table({ data: d, service }: { data: Data; service: string }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const [normal, slow] = [d.strata[0]!, d.strata[1]!];
  const at = new Map(d.operations.map((o, i) => [o, i]));
  const columns: Column<Operation>[] = [
    {
      id: 'operation',
      header: t.operation,
      value: (o) => `${o.service} ${o.name}`,
      cell: (o) => (
        <span className={classes.operation}>
          <i style={{ background: colorAt(at.get(o)!) }} />
          <span>
            {o.name && o.service !== service && <span className={classes.service}>{o.service} </span>}
            {o.name || t.rest} <span className="dim">{o.kind}</span>
          </span>
        </span>
      ),
    },
    ...d.strata.flatMap((s, k): Column<Operation>[] =>
      s.read === 0
        ? []
        : [
            {
              id: s.kind,
              header: t.share(t.kinds[s.kind]),
              title: t.shareHint,
              numeric: true,
              value: (o) => o.parts[k]!.share,
              cell: (o) => {
                const p = o.parts[k]!;
                if (p.calls === 0) return <span className="dim">–</span>;
                const text = (
                  <>
                    {F.percent(p.share)} <span className={classes.mean}>{F.duration(p.mean_ns, lang)}</span>
                  </>
                );
                return p.trace_id ? (
                  <TraceLink id={p.trace_id} span={p.span_id} className="nowrap" title={t.shareHint}>
                    {text}
                  </TraceLink>
                ) : (
                  text
                );
              },
            },
          ],
    ),
    ...(normal.read > 0 && slow.read > 0
      ? [
          {
            id: 'difference',
            header: t.difference,
            title: t.differenceHint,
            numeric: true,
            value: (o) => o.parts[1]!.mean_ns - o.parts[0]!.mean_ns,
            cell: (o) => {
              const by = o.parts[1]!.mean_ns - o.parts[0]!.mean_ns;
              const much = by > 0.1 * (slow.p50_ns - normal.p50_ns) && by > 1e6;
              return (
                <span className={much ? 'bad' : undefined}>
                  {much && '▲ '}
                  {by > 0 ? '+' : by < 0 ? '−' : ''}
                  {F.duration(Math.abs(by), lang)}
                </span>
              );
            },
          } satisfies Column<Operation>,
        ]
      : []),
    {
      id: 'calls',
      header: t.calls,
      title: t.callsHint,
      numeric: true,
      value: (o) => Math.max(...o.parts.map((p) => p.usual)),
      cell: (o) => {
        const [n, s] = [o.parts[0]!, o.parts[1]!];
        if (!o.name) return <span className="dim">–</span>;
        if (n.calls === 0 && s.calls === 0) return F.count(o.parts[2]!.usual);
        if (n.calls > 0 && s.calls > 0 && n.usual !== s.usual)
          return (
            <span>
              {F.count(n.usual)} → <strong>{F.count(s.usual)}</strong>
            </span>
          );
        return F.count(n.usual || s.usual);
      },
    },
    {
      id: 'call',
      header: t.call,
      title: t.callHint,
      numeric: true,
      value: (o) => (o.parts[0]!.calls ? o.parts[0]!.p95_ns : o.parts[1]!.p95_ns),
      cell: (o) => {
        const p = o.parts.find((x) => x.calls > 0);
        return p && o.name ? (
          <span className="nowrap">
            {F.duration(p.p50_ns, lang)} · {F.duration(p.p95_ns, lang)}
          </span>
        ) : (
          <span className="dim">–</span>
        );
      },
    },
  ];
  return (
    <ShortTable
      caption={t.title}
      columns={columns}
      rows={d.operations}
      rowKey={(o) => `${o.service}\u0000${o.kind}\u0000${o.name}`}
      empty={t.empty}
    />
  );
}
