import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { logsQuery, type Scope } from '~/api/queries';
import type { Log } from '~/api/types';

/** The rows of the list: pages from the server, and what the tail brought on top. Refreshes
 * of the range are followed only while follow is true, so that a list keeps its place. */
export function useLogRows(scope: Scope, filter: string, rangeKey: string, follow: boolean, tailed: Log[]) {
  const key = `${rangeKey}|${scope.env}|${filter}`;
  const frozen = useRef({ key, scope });
  if (follow || frozen.current.key !== key) frozen.current = { key, scope };
  const q = useInfiniteQuery(logsQuery(frozen.current.scope, filter));
  const rows = useMemo(() => {
    const pages = q.data?.pages.flatMap((p) => p.items) ?? [];
    if (tailed.length === 0) return pages;
    const seen = new Set(tailed.map((l) => l.id));
    return [...tailed, ...pages.filter((l) => !seen.has(l.id))];
  }, [q.data, tailed]);
  return { q, rows };
}
