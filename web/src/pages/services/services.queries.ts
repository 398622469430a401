// What the pages of services, the map and databases ask.
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { Scope } from '~/api/queries';
import type { components } from '~/api/schema';
import type { Compare } from '~/lib/range';

type S = components['schemas'];
export type Red = S['RedView'];
export type Trend = S['TrendView'];
export type ServiceRow = S['ServiceView'];
export type ServicePageData = S['ServicePageView'];
export type EndpointPageData = S['EndpointPageView'];
export type EndpointRow = S['EndpointView'];
export type Edge = S['EdgeView'];
export type Call = S['CallView'];
export type Version = S['VersionView'];
export type Instance = S['InstanceView'];
export type PeerKind = S['PeerView']['kind'];
export type MapData = S['MapView'];
export type ErrorGroup = S['ErrorGroupView'];
export type Pattern = S['PatternRecord'];
export type Difference = S['DifferenceRecord'];

/** The shapes of lists that repeat their name, which the API's client does not by itself. */
const repeated = { querySerializer: { array: { style: 'form', explode: true } } } as const;

const ranged = (s: Scope, compare: Compare | undefined, steps: number) => ({
  from: s.from,
  to: s.to,
  ...(s.env ? { env: s.env } : {}),
  ...(compare ? { compare } : {}),
  steps,
});

export const servicesNowQuery = (s: Scope, compare: Compare, steps = 30) =>
  queryOptions({
    queryKey: ['services', s, compare, steps],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/services', { params: { query: ranged(s, compare, steps) }, signal })),
    placeholderData: keepPreviousData,
  });

/** then also asks how it went in the range compared with. */
export const serviceQuery = (service: string, s: Scope, compare: Compare, then: boolean, steps = 60) =>
  queryOptions({
    queryKey: ['service', service, s, compare, then, steps],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/services/{service}', {
          params: { path: { service }, query: { ...ranged(s, compare, steps), ...(then ? { then } : {}) } },
          signal,
        }),
      ),
    placeholderData: (old) => (old?.service === service ? old : undefined),
  });

export const endpointQuery = (
  service: string,
  endpoint: string,
  s: Scope,
  compare: Compare | undefined,
  steps = 60,
) =>
  queryOptions({
    queryKey: ['endpoint', service, endpoint, s, compare, steps],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/services/{service}/endpoint', {
          params: { path: { service }, query: { ...ranged(s, compare, steps), endpoint } },
          signal,
        }),
      ),
    placeholderData: (old) => (old?.service === service && old.endpoint === endpoint ? old : undefined),
  });

export const mapQuery = (s: Scope, compare: Compare | undefined, service = '') =>
  queryOptions({
    queryKey: ['map', s, compare, service],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/map', {
          params: { query: { ...ranged(s, compare, 30), ...(service ? { service } : {}) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export interface CallsAsked {
  kinds: PeerKind[];
  service?: string;
  peer?: string;
  shape?: string;
  byCaller?: boolean;
  limit?: number;
}

export const callsQuery = (s: Scope, compare: Compare | undefined, q: CallsAsked) =>
  queryOptions({
    queryKey: ['calls', s, compare, q],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/calls', {
          params: {
            query: {
              ...ranged(s, compare, 40),
              kinds: q.kinds,
              ...(q.service ? { service: q.service } : {}),
              ...(q.peer ? { peer: q.peer } : {}),
              ...(q.shape ? { shape: q.shape } : {}),
              ...(q.byCaller ? { by_caller: true } : {}),
              limit: q.limit ?? 200,
            },
          },
          ...repeated,
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const serviceErrorsQuery = (service: string, s: Scope, compare: Compare | undefined, endpoint = '') =>
  queryOptions({
    queryKey: ['errors', 'of', service, endpoint, s, compare],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/errors', {
          params: {
            query: {
              ...ranged(s, compare, 30),
              service,
              ...(endpoint ? { endpoint } : {}),
              limit: 20,
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const servicePatternsQuery = (service: string, s: Scope, compare: Compare | undefined) =>
  queryOptions({
    queryKey: ['patterns', service, s, compare],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/logs/patterns', {
          params: { query: { ...ranged(s, compare, 30), service, limit: 15 } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const contrastQuery = (s: Scope, filter: string, chosen: string) =>
  queryOptions({
    queryKey: ['contrast', s, filter, chosen],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/spans/contrast', {
          params: {
            query: { from: s.from, to: s.to, ...(s.env ? { env: s.env } : {}), filter, chosen, limit: 8 },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const spanListQuery = (s: Scope, filter: string, order: 'newest' | 'slowest', limit: number) =>
  queryOptions({
    queryKey: ['spans', s, filter, order, limit],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/spans', {
          params: {
            query: { from: s.from, to: s.to, ...(s.env ? { env: s.env } : {}), filter, order, limit },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
