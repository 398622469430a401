// What happened during the range of the page (releases, and later alerts and the like), as
// marks for its charts, each with its page.
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, unwrap } from '~/api/client';
import type { Scope } from '~/api/queries';
import { msOf } from '~/lib/time';
import { useRange } from '~/shell/RangeContext';
import type { Mark } from './chart/data';

export const timelineQuery = (s: Scope, service: string) =>
  queryOptions({
    queryKey: ['timeline', s, service],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/timeline', {
          params: {
            query: {
              from: s.from,
              to: s.to,
              ...(s.env ? { env: s.env } : {}),
              ...(service ? { service } : {}),
              limit: 200,
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 60e3,
  });

const none: readonly Mark[] = [];

/** useTimelineMarks of a service; of all of them with ''. */
export function useTimelineMarks(service = ''): readonly Mark[] {
  const { scope } = useRange();
  const q = useQuery(timelineQuery(scope, service));
  return useMemo(
    () =>
      q.data?.items.map(
        (e): Mark => ({
          time: msOf(e.time),
          kind: e.kind,
          title: e.title,
          ...(e.link ? { href: e.link } : {}),
        }),
      ) ?? none,
    [q.data],
  );
}
