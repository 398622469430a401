import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { traceLogsQuery, traceSpanQuery } from '~/api/queries';
import type { Log, Span, Trace, TraceSpan } from '~/api/types';
import { useI18n } from '~/i18n';
import { compare } from '~/lib/filter';
import * as F from '~/lib/format';
import { share } from '~/lib/services';
import * as T from '~/lib/time';
import { rowParam } from '~/pages/logs/openRow';
import { type AttributeRow, Attributes, attributeRows } from '~/ui/Attributes';
import { CopyButton } from '~/ui/CopyButton';
import { SpanSource } from '~/ui/code/SpanSource';
import classes from '~/ui/detail.module.css';
import { ErrorState } from '~/ui/ErrorState';
import { ExceptionBox, Flags } from '~/ui/ExceptionBox';
import explore from '~/ui/explore.module.css';
import { IconButton } from '~/ui/IconButton';
import { Level } from '~/ui/Level';
import { PageLink, TraceLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { carried, useUrl } from '~/url';

interface Props {
  trace: Trace;
  index: number;
  color: string | undefined;
  onClose: () => void;
}

export function SpanPanel({ trace, index, color, onClose }: Props) {
  const { t, lang } = useI18n();
  const brief = trace.spans[index]!;
  const q = useQuery(traceSpanQuery(trace.trace_id, brief.span_id));
  const critical = (brief.critical ?? []).reduce((n, [a = 0, b = 0]) => n + b - a, 0);
  return (
    <aside className={explore.detail} aria-label={t.trace.span}>
      <div className={classes.head} style={{ boxShadow: `inset 4px 0 ${color ?? 'transparent'}` }}>
        <h2 className="ellipsis" title={brief.name}>
          {brief.service}: {brief.name}
        </h2>
        {q.data && (
          <CopyButton value={() => JSON.stringify(q.data, null, 2)} label={t.detail.copyJson} size="md" />
        )}
        <IconButton icon="close" label={t.common.close} onClick={onClose} />
      </div>
      <section className={classes.section}>
        <div>
          <strong title={F.exactDuration(brief.duration_ns)}>{F.duration(brief.duration_ns, lang)}</strong>{' '}
          <span className="dim">
            {t.trace.ofTrace(F.percent(share(brief.duration_ns, trace.duration_ns)))}
          </span>
          {' · '}
          {t.trace.selfTime} {F.duration(brief.self_ns, lang)}
        </div>
        <div className="dim">
          {t.trace.start} +{F.duration(brief.start_ns, lang)}
          {critical > 0 && (
            <>
              {' · '}
              {t.trace.onCritical}: {F.duration(critical, lang)}
            </>
          )}
        </div>
        {brief.message && <div className="bad">{brief.message}</div>}
        {brief.deferred && <div className="dim">{t.trace.deferred}</div>}
        {brief.missing_parent && <div className="warn">{t.trace.missingParentHint}</div>}
        {brief.skew_ns ? (
          <div className="dim">{t.trace.skew(F.duration(Math.abs(brief.skew_ns), lang))}</div>
        ) : null}
        <PageLink
          to="/traces"
          search={{ filter: `${compare('service', brief.service)} ${compare('name', brief.name)}` }}
        >
          {t.trace.similar}
        </PageLink>
        <Flags flags={q.data?.flags} />
      </section>
      {q.error ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : q.data ? (
        <Details span={q.data} brief={brief} />
      ) : (
        <SkeletonRows rows={10} />
      )}
      <Logs trace={trace} spanId={brief.span_id} />
    </aside>
  );
}

function Details({ span, brief }: { span: Span; brief: TraceSpan }) {
  const { t, lang } = useI18n();
  const { search: here } = useUrl();
  const navigate = useNavigate();
  // From one value to all traces that have a span with it.
  const search = (filter: string) => void navigate({ to: '/traces', search: { ...carried(here), filter } });
  const start = T.nsOf(span.time);
  const source: AttributeRow[] = (
    [
      ['status', span.status],
      ['status_message', span.status_message],
      ['kind', span.kind],
      ['endpoint', span.endpoint],
      ['service', span.service],
      ['env', span.env],
      ['version', span.version],
      ['instance', span.instance],
      ['host', span.host],
      ['scope', span.scope],
      ['span_id', span.span_id],
      ['parent_id', brief.parent_id],
    ] as const
  )
    .filter(([, v]) => v)
    .map(([key, value]) => ({ key, label: t.fields[key], value: value ?? '' }));
  return (
    <>
      {span.exception && <ExceptionBox exception={span.exception} />}
      <SpanSource span={span} />
      <Attributes title={t.detail.attributes} rows={attributeRows(span.attributes)} onFilter={search} />
      {span.events.length > 0 && (
        <section className={classes.section}>
          <h3>{t.detail.events}</h3>
          {span.events.map((e) => (
            <details key={`${e.time}${e.name}`}>
              <summary>
                +{F.duration(Number(T.nsOf(e.time) - start), lang)} <strong>{e.name}</strong>
              </summary>
              <Attributes rows={attributeRows(e.attributes)} />
            </details>
          ))}
        </section>
      )}
      {span.links.length > 0 && (
        <section className={classes.section}>
          <h3>{t.detail.links}</h3>
          {span.links.map((l) => (
            <div key={l.trace_id + l.span_id} className="mono">
              <TraceLink id={l.trace_id} span={l.span_id}>
                {l.trace_id}
              </TraceLink>
              <Attributes rows={attributeRows(l.attributes)} />
            </div>
          ))}
        </section>
      )}
      <Attributes title={t.detail.source} rows={source} onFilter={search} />
      <Attributes
        title={t.detail.resource}
        rows={attributeRows(span.resource, 'resource.')}
        onFilter={search}
      />
    </>
  );
}

function Logs({ trace, spanId }: { trace: Trace; spanId: string }) {
  const { t } = useI18n();
  const q = useQuery({ ...traceLogsQuery(trace.trace_id), enabled: trace.log_count > 0 });
  const own = (q.data?.items ?? []).filter((l) => l.span_id === spanId);
  return (
    <section className={classes.section}>
      <h3>{t.detail.logs}</h3>
      {q.isLoading ? (
        <SkeletonRows rows={2} />
      ) : own.length === 0 ? (
        <div className="dim">{t.trace.noLogs}</div>
      ) : (
        own.map((l) => <LogLine key={l.id} log={l} />)
      )}
    </section>
  );
}

function LogLine({ log }: { log: Log }) {
  return (
    <div style={{ display: 'flex', gap: 8, alignItems: 'baseline' }}>
      <span className="nowrap">{T.clock(T.msOf(log.time), true)}</span>
      <Level level={log.level} />
      <PageLink
        to="/logs"
        search={{
          filter: compare('trace_id', log.trace_id ?? ''),
          row: rowParam(log),
          from: T.addNs(log.time, -3600e9),
          to: T.addNs(log.time, 3600e9),
        }}
      >
        {(log.body || log.exception?.message || log.event).slice(0, 300)}
      </PageLink>
    </div>
  );
}
