import { Loader } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import type { TraceSummary } from '~/api/types';
import { useI18n } from '~/i18n';
import { colorsFor } from '~/lib/colors';
import * as F from '~/lib/format';
import * as T from '~/lib/time';
import { Ago } from '~/ui/Ago';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { TraceLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { carried, useUrl } from '~/url';
import classes from './traces.module.css';

const ROW = 30;

interface Props {
  rows: TraceSummary[];
  loading: boolean;
  stale: boolean;
  more: boolean;
  moreError: unknown;
  loadMore: () => void;
  onAtTop: (atTop: boolean) => void;
  filtered: boolean;
}

export function TraceList(p: Props) {
  const { t, lang } = useI18n();
  const { search } = useUrl();
  const navigate = useNavigate();
  const parent = useRef<HTMLDivElement>(null);
  const v = useVirtualizer({
    count: p.rows.length,
    getScrollElement: () => parent.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const go = (i: number) => {
    const r = p.rows[i];
    if (r)
      void navigate({ to: '/traces/$traceId', params: { traceId: r.trace_id }, search: carried(search) });
  };
  const [at] = useRows(p.rows.length, go, (i) => v.scrollToIndex(i, { align: 'auto' }));
  const longest = useMemo(() => p.rows.reduce((n, r) => Math.max(n, r.duration_ns), 1), [p.rows]);
  const colors = useMemo(() => colorsFor(p.rows.flatMap((r) => r.services)), [p.rows]);
  const items = v.getVirtualItems();
  const last = items[items.length - 1]?.index ?? -1;
  const { more, moreError, loadMore } = p;
  useEffect(() => {
    if (more && !moreError && last >= p.rows.length - 20) loadMore();
  }, [last, more, moreError, loadMore, p.rows.length]);

  if (p.loading) return <SkeletonRows rows={16} height={18} />;
  if (p.rows.length === 0) {
    return (
      <Empty
        title={p.filtered ? t.traces.noMatch : t.traces.none}
        text={p.filtered ? t.traces.noMatchText : t.traces.noneText}
      />
    );
  }
  return (
    <div
      ref={parent}
      className={`${classes.scroll} ${p.stale ? 'stale' : ''}`}
      role="table"
      aria-label={t.traces.list}
      aria-rowcount={p.more ? -1 : p.rows.length + 1}
      onScroll={(e) => p.onAtTop(e.currentTarget.scrollTop < ROW)}
    >
      <div role="row" className={`${classes.row} ${classes.head}`}>
        {[t.traces.time, t.traces.root, t.traces.duration, t.traces.spans, t.traces.services].map((h, i) => (
          <span role="columnheader" key={h} className={i === 3 ? 'num' : undefined}>
            {h}
          </span>
        ))}
      </div>
      <div role="presentation" style={{ height: v.getTotalSize(), position: 'relative' }}>
        {items.map((item) => {
          const r = p.rows[item.index]!;
          return (
            <div
              key={item.key}
              role="row"
              aria-rowindex={item.index + 2}
              className={`${classes.row} ${classes.line}`}
              data-current={item.index === at}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={(e) => !(e.target as HTMLElement).closest('a') && go(item.index)}
            >
              <span role="cell" title={T.full(T.msOf(r.time), lang)}>
                <Ago time={r.time} compact />
              </span>
              <span role="cell" className="ellipsis">
                <TraceLink id={r.trace_id}>
                  <strong>{r.root_service || r.services[0]}</strong> {r.root_name || t.traces.noRoot}
                </TraceLink>
                {r.root_http_status && (
                  <span className={r.root_http_status >= '500' ? 'bad' : 'dim'}> {r.root_http_status}</span>
                )}
              </span>
              <span role="cell" className={classes.duration} title={F.exactDuration(r.duration_ns)}>
                <span className={classes.track}>
                  <span
                    className={classes.bar}
                    data-bad={r.errors > 0}
                    style={{ width: `max(2px, ${(r.duration_ns / longest) * 100}%)` }}
                  />
                </span>
                <span className={classes.figure}>{F.duration(r.duration_ns, lang)}</span>
              </span>
              <span role="cell" className="num">
                {r.errors > 0 && (
                  <span className={`bad ${classes.errors}`}>
                    <Icon name="error" size={12} />
                    {t.traces.withError(F.count(r.errors))}
                  </span>
                )}
                {F.count(r.spans)}
              </span>
              <span role="cell" className={classes.services} title={r.services.join(', ')}>
                <span className="num dim">{r.services.length}</span>
                <span className={classes.names}>
                  {r.services.map((s) => (
                    <span key={s}>
                      <i style={{ background: colors.get(s) }} />
                      {s}
                    </span>
                  ))}
                </span>
              </span>
            </div>
          );
        })}
      </div>
      <div className={classes.end}>
        {p.moreError ? (
          <ErrorState error={p.moreError} retry={p.loadMore} />
        ) : p.more ? (
          <Loader size={16} />
        ) : (
          t.traces.end
        )}
      </div>
    </div>
  );
}
