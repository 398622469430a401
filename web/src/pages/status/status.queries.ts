import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';

export type Job = components['schemas']['JobView'];
export type Rebuild = components['schemas']['RebuildView'];
export type Process = components['schemas']['ProcessView'];

/** While something runs it is looked at often; else something may begin by itself. */
const pace = (busy: boolean | undefined, live: boolean) => (busy ? 2000 : live ? 15_000 : false);

export const jobsQuery = (live: boolean) =>
  queryOptions({
    queryKey: ['jobs'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/jobs', { signal })),
    refetchInterval: (q) =>
      pace(
        q.state.data?.items.some((j) => j.running || isDue(j)),
        live,
      ),
  });

export const rebuildsQuery = (live: boolean) =>
  queryOptions({
    queryKey: ['rebuilds'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/rebuilds', { signal })),
    refetchInterval: (q) =>
      pace(
        q.state.data?.items.some((r) => !r.finished),
        live,
      ),
  });

/** isDue: it waits only for a process to take it. */
export function isDue(j: Job): boolean {
  return !j.running && j.next !== undefined && Date.parse(j.next) <= Date.now();
}
