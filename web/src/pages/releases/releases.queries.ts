// What the pages of releases ask.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { Scope } from '~/api/queries';
import type { components } from '~/api/schema';
import { fromNs, nsOf } from '~/lib/time';

type S = components['schemas'];
export type Release = S['ReleaseView'];
export type Glance = S['GlanceView'];
export type Effect = S['EffectView'];
export type Turned = S['ChangeView'];
export type GroupEffect = S['GroupEffectView'];
export type EndpointEffect = S['EndpointEffectView'];
export type Turn = Turned['errors'];
export type Against = 'before' | 'day' | 'week';

const week = 7n * 86_400_000_000_000n;

/** The list reaches back a week at least: of the last hour there is mostly none. */
export function listFrom(s: Scope): string {
  const least = nsOf(s.to) - week;
  return nsOf(s.from) < least ? s.from : fromNs(least);
}

export interface ReleasesAsked {
  service?: string | undefined;
  product?: string | undefined;
  limit: number;
}

export const releasesQuery = (s: Scope, q: ReleasesAsked) =>
  queryOptions({
    queryKey: ['releases', s, q],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/releases', {
          params: {
            query: {
              from: listFrom(s),
              to: s.to,
              ...(s.env ? { env: s.env } : {}),
              ...(q.service ? { service: q.service } : {}),
              ...(q.product ? { product: q.product } : {}),
              limit: q.limit,
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** So many releases are glanced at in one request. */
export const GLANCES = 100;

export const glancesQuery = (ids: string[]) =>
  queryOptions({
    queryKey: ['releases', 'effects', ids],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/releases/effects', {
          params: { query: { ids } },
          querySerializer: { array: { style: 'form', explode: false } },
          signal,
        }),
      ),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 30e3,
  });

export const effectQuery = (id: string, window: string, against: Against) =>
  queryOptions({
    queryKey: ['release', id, window, against],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/releases/{id}/effect', {
          params: { path: { id }, query: { window, against } },
          signal,
        }),
      ),
    placeholderData: (old) => (old?.release.id === id ? old : undefined),
  });
