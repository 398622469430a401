// What the page of retention asks, and the notice in Logs and Traces.
import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';

type S = components['schemas'];
export type Rule = S['RuleForecast'];
export type Preview = S['PreviewView'];
export type PreviewBody = S['PreviewBody'];

export const retentionQuery = queryOptions({
  queryKey: ['retention', 'rules'],
  queryFn: () => unwrap(api.GET('/api/v1/retention')),
  refetchInterval: 30_000,
});

export type ArchivedDay = S['ArchivedDayView'];
export type ArchiveWork = S['ArchiveWorkBody'];

/** It is asked often only while something is being done. */
export const archiveQuery = queryOptions({
  queryKey: ['retention', 'archive'],
  queryFn: () => unwrap(api.GET('/api/v1/retention/archive')),
  refetchInterval: (q) => (q.state.data?.days.some((d) => d.wanted) ? 2_000 : 30_000),
});

export const previewQuery = (body: PreviewBody) =>
  queryOptions({
    queryKey: ['retention', 'preview', body],
    queryFn: ({ signal }) => unwrap(api.POST('/api/v1/retention/preview', { body, signal })),
    retry: false,
  });
