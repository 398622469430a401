// What the same instance of a service wrote before and after a line, oldest first, whatever
// the page's filter is.
import { SegmentedControl } from '@mantine/core';
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '~/api/client';
import type { Log } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { compare } from '~/lib/filter';
import { between } from '~/lib/range';
import * as T from '~/lib/time';
import classes from './around.module.css';
import { ErrorState } from './ErrorState';
import { Level } from './Level';
import { PageLink } from './PageLink';
import { SkeletonRows } from './SkeletonRows';

const aroundQuery = (log: Log, instance: string, n: number) =>
  queryOptions({
    queryKey: ['logsAround', log.id, instance, n],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/logs/around', {
          params: {
            query: {
              time: log.time,
              id: log.id,
              service: log.service,
              ...(log.env ? { env: log.env } : {}),
              ...(instance ? { instance } : {}),
              before: n,
              after: n,
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 30e3,
  });

const STEP = 8;

export function LogsAround({ log, onOpen }: { log: Log; onOpen?: (log: Log) => void }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const [one, setOne] = useState(true);
  const [n, setN] = useState(STEP);
  const q = useQuery(aroundQuery(log, one ? log.instance : '', n));
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={8} />;
  // Oldest first, as one reads a story.
  const rows = [...q.data.items].sort((a, b) => (T.nsOf(a.time) < T.nsOf(b.time) ? -1 : 1));
  const at = T.msOf(log.time);
  return (
    <div className={q.isPlaceholderData ? 'stale' : undefined}>
      <div className={classes.bar}>
        {log.instance && (
          <SegmentedControl
            size="xs"
            aria-label={t.whose}
            value={one ? 'instance' : 'service'}
            onChange={(v) => setOne(v === 'instance')}
            data={[
              { value: 'instance', label: t.instance },
              { value: 'service', label: t.service },
            ]}
          />
        )}
        <button type="button" className={`plain ${classes.more}`} onClick={() => setN(Math.min(n * 3, 100))}>
          {t.more}
        </button>
        <PageLink
          to="/logs"
          search={{ filter: compare('service', log.service), ...between(at - 30_000, at + 30_000) }}
        >
          {t.inList}
        </PageLink>
      </div>
      <ol className={classes.rows}>
        {rows.map((l) => (
          <li key={l.id} data-this={l.id === log.id}>
            <button
              type="button"
              className="plain"
              disabled={!onOpen || l.id === log.id}
              aria-current={l.id === log.id}
              title={T.full(T.msOf(l.time), lang)}
              onClick={() => onOpen?.(l)}
            >
              <span className={classes.time}>{T.clock(T.msOf(l.time), true)}</span>
              <Level level={l.level} text={l.severity_text} />
              <span className={`mono ${classes.text}`}>{l.body || l.exception?.message || l.event}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

const texts = {
  en: {
    whose: 'Whose lines',
    instance: 'Same instance',
    service: 'Whole service',
    more: 'More lines',
    inList: 'All within 30 s',
  },
  ja: {
    whose: '対象',
    instance: '同じインスタンス',
    service: 'サービス全体',
    more: 'さらに前後を表示',
    inList: '前後30秒の全ログ',
  },
};
