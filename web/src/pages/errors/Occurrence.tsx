// The newest occurrence of a group: its message and stack, the way through the trace to the
// span that failed, and what was logged around it.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { traceLogsQuery, traceQuery } from '~/api/queries';
import type { Log, Span, TraceSpan } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { colorOf } from '~/lib/colors';
import * as F from '~/lib/format';
import * as T from '~/lib/time';
import { Ago } from '~/ui/Ago';
import { Icon } from '~/ui/Icon';
import { Level } from '~/ui/Level';
import { LogsAround } from '~/ui/LogsAround';
import { PageLink, TraceLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { rowParam } from '../logs/openRow';
import classes from './errors.module.css';
import { texts } from './errors.texts';
import { StackSource } from './StackSource';

export function Occurrence({ span, log }: { span: Span | undefined; log: Log | undefined }) {
  const t = useTexts(texts);
  const one = span ?? log;
  if (!one) return <p className="dim">{t.lastNone}</p>;
  const exception = one.exception;
  const message = exception?.message || span?.status_message || log?.body || '';
  return (
    <>
      <section className={classes.box}>
        <h2>
          {t.last} <Ago time={one.time} />
        </h2>
        <p className={classes.whole}>
          <strong className="bad">{exception?.type || span?.name || log?.level}</strong>
          {message && <>: {message}</>}
        </p>
        {!exception?.stack && <p className="dim">{t.noStack}</p>}
        <StackSource key={one.id} span={span} log={log} />
      </section>
      {one.trace_id ? (
        <Request trace={one.trace_id} span={one.span_id ?? ''} />
      ) : (
        log && (
          <section className={classes.box}>
            <h2>{t.aroundLog}</h2>
            <LogsAround log={log} />
          </section>
        )
      )}
    </>
  );
}

/** As many logs of the request as stand here; the rest is one click away. */
const LOGS = 12;

function Request({ trace, span }: { trace: string; span: string }) {
  const t = useTexts(texts);
  const q = useQuery(traceQuery(trace));
  const logs = useQuery({ ...traceLogsQuery(trace), enabled: (q.data?.log_count ?? 1) > 0 });
  const way = useMemo(() => (q.data ? wayTo(q.data.spans, span) : []), [q.data, span]);
  const items = logs.data?.items ?? [];
  const near = around(items, span, LOGS);
  return (
    <>
      <section className={classes.box}>
        <h2>
          {t.trace}
          <TraceLink id={trace} span={span}>
            <Button
              component="span"
              size="compact-xs"
              variant="light"
              leftSection={<Icon name="traces" size={12} />}
            >
              {t.openTrace}
            </Button>
          </TraceLink>
        </h2>
        {q.data ? <Way way={way} trace={trace} total={q.data.duration_ns} /> : <SkeletonRows rows={4} />}
      </section>
      <section className={classes.box}>
        <h2>{t.around}</h2>
        {logs.data || q.data?.log_count === 0 ? (
          near.length === 0 ? (
            <p className="dim">{t.noLogs}</p>
          ) : (
            <>
              <LogLines logs={near} />
              {items.length > near.length && (
                <PageLink to="/logs" search={{ filter: `trace_id:${trace}` }}>
                  {t.moreLogs(F.count(items.length))}
                </PageLink>
              )}
            </>
          )
        ) : (
          <SkeletonRows rows={4} />
        )}
      </section>
    </>
  );
}

function LogLines({ logs }: { logs: Log[] }) {
  const t = useTexts(texts);
  return (
    <div role="table" aria-label={t.around} className={classes.lines}>
      {logs.map((l) => (
        <div key={l.id} role="row">
          <span role="cell">
            <PageLink
              to="/logs"
              search={{ filter: `trace_id:${l.trace_id}`, row: rowParam(l) }}
              className={classes.line}
            >
              <span className={classes.time}>{T.clock(T.msOf(l.time), true)}</span>
              <Level level={l.level} text={l.severity_text} />
              <span className="dim nowrap">{l.service}</span>
              <span className={`mono ${classes.text}`}>{l.body || l.exception?.message || l.event}</span>
            </PageLink>
          </span>
        </div>
      ))}
    </div>
  );
}

function Way({ way, trace, total }: { way: TraceSpan[]; trace: string; total: number }) {
  const { lang } = useI18n();
  return (
    <ol className={classes.way}>
      {way.map((s, i) => (
        <li key={s.span_id} data-error={s.status === 'error'}>
          <span className={classes.step} style={{ paddingLeft: i * 14 }}>
            <i style={{ background: colorOf(s.service) }} />
            <TraceLink id={trace} span={s.span_id}>
              <strong>{s.service}</strong> {s.name}
            </TraceLink>
          </span>
          <span className={classes.track}>
            <span
              data-bad={s.status === 'error'}
              style={{
                left: `${(s.start_ns / Math.max(1, total)) * 100}%`,
                width: `max(2px, ${(s.duration_ns / Math.max(1, total)) * 100}%)`,
              }}
            />
          </span>
          <span className="num">{F.duration(s.duration_ns, lang)}</span>
        </li>
      ))}
    </ol>
  );
}

/** wayTo is the spans from the root of a trace to one of its spans. */
export function wayTo(spans: readonly TraceSpan[], id: string): TraceSpan[] {
  const by = new Map(spans.map((s) => [s.span_id, s]));
  const out: TraceSpan[] = [];
  const seen = new Set<string>();
  for (let s = by.get(id); s && !seen.has(s.span_id); s = by.get(s.parent_id ?? '')) {
    seen.add(s.span_id);
    out.unshift(s);
  }
  return out;
}

/** around takes n neighbours of a span's last log; the first n where it wrote none. */
export function around(logs: readonly Log[], span: string, n: number): Log[] {
  const at = logs.map((l) => l.span_id === span).lastIndexOf(true);
  const from = at < 0 ? 0 : Math.max(0, Math.min(at - Math.floor(n / 2), logs.length - n));
  return logs.slice(from, from + n);
}
