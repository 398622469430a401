// What pages ask the server, as TanStack Query options: one place for keys and calls.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap } from './client';

/** What every question about rows has. */
export interface Scope {
  from: string;
  to: string;
  env: string;
}

export type RowSignal = 'logs' | 'spans';

function scopeQuery(s: Scope) {
  return { from: s.from, to: s.to, ...(s.env ? { env: s.env } : {}) };
}

function rowQuery(s: Scope, filter: string) {
  return { ...scopeQuery(s), ...(filter.trim() ? { filter } : {}) };
}

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: () => unwrap(api.GET('/api/v1/session')),
  staleTime: 5 * 60e3,
});

export const servicesQuery = (s: Scope, steps = 30) =>
  queryOptions({
    queryKey: ['services', s, steps],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/services', { params: { query: { ...scopeQuery(s), steps } }, signal })),
    placeholderData: keepPreviousData,
  });

export const environmentsQuery = (from: string, to: string) =>
  queryOptions({
    queryKey: ['environments', from, to],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/environments', { params: { query: { from, to } }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 60e3,
  });

export const PAGE = 200;

export const logsQuery = (s: Scope, filter: string) =>
  infiniteQueryOptions({
    queryKey: ['logs', s, filter],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/logs', {
          params: {
            query: { ...rowQuery(s, filter), limit: PAGE, ...(pageParam ? { after: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
  });

export const tracesQuery = (s: Scope, filter: string) =>
  infiniteQueryOptions({
    queryKey: ['traces', s, filter],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/traces', {
          params: {
            query: { ...rowQuery(s, filter), limit: 100, ...(pageParam ? { after: pageParam } : {}) },
          },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next || undefined,
    placeholderData: keepPreviousData,
  });

/** logAtQuery finds one log by its time and id, wherever it stands in a list. */
export const logAtQuery = (time: string, until: string, id: string) =>
  queryOptions({
    queryKey: ['log', time, id],
    queryFn: async ({ signal }) => {
      const page = await unwrap(
        api.GET('/api/v1/logs', { params: { query: { from: time, to: until, limit: 1000 } }, signal }),
      );
      return page.items.find((l) => l.id === id) ?? null;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const histogramQuery = (signalName: RowSignal, s: Scope, filter: string, buckets: number) =>
  queryOptions({
    queryKey: ['histogram', signalName, s, filter, buckets],
    queryFn: ({ signal }) => {
      const params = { query: { ...rowQuery(s, filter), buckets } };
      return unwrap(
        signalName === 'logs'
          ? api.GET('/api/v1/logs/histogram', { params, signal })
          : api.GET('/api/v1/spans/histogram', { params, signal }),
      );
    },
    placeholderData: keepPreviousData,
  });

export const durationsQuery = (s: Scope, filter: string, buckets: number) =>
  queryOptions({
    queryKey: ['durations', s, filter, buckets],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/spans/durations', {
          params: { query: { ...rowQuery(s, filter), buckets } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const facetsQuery = (signalName: RowSignal, s: Scope, filter: string, key?: string, limit = 8) =>
  queryOptions({
    queryKey: ['facets', signalName, s, filter, key ?? '', limit],
    queryFn: ({ signal }) => {
      const params = { query: { ...rowQuery(s, filter), ...(key ? { keys: [key] } : {}), limit } };
      return unwrap(
        signalName === 'logs'
          ? api.GET('/api/v1/logs/facets', { params, signal })
          : api.GET('/api/v1/spans/facets', { params, signal }),
      );
    },
    placeholderData: keepPreviousData,
  });

export const filterCheckQuery = (text: string) =>
  queryOptions({
    queryKey: ['filter', text],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/filter', { params: { query: { text } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

export const filterKeysQuery = (signalName: RowSignal, s: Scope) =>
  queryOptions({
    // The range moves on with every refresh, the keys hardly do: it is not part of the key.
    queryKey: ['filterKeys', signalName],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/filter/keys', {
          params: { query: { signal: signalName, from: s.from, to: s.to } },
          signal,
        }),
      ),
    staleTime: 60e3,
  });

export const traceQuery = (traceId: string) =>
  queryOptions({
    queryKey: ['trace', traceId],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/traces/{trace_id}', { params: { path: { trace_id: traceId } }, signal })),
    staleTime: 30e3,
  });

export const traceSpanQuery = (traceId: string, spanId: string) =>
  queryOptions({
    queryKey: ['span', traceId, spanId],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/traces/{trace_id}/spans/{span_id}', {
          params: { path: { trace_id: traceId, span_id: spanId } },
          signal,
        }),
      ),
    staleTime: 5 * 60e3,
  });

export const traceLogsQuery = (traceId: string) =>
  queryOptions({
    queryKey: ['traceLogs', traceId],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/traces/{trace_id}/logs', { params: { path: { trace_id: traceId } }, signal })),
    staleTime: 30e3,
  });

export const metricNamesQuery = (match: string) =>
  queryOptions({
    queryKey: ['metricNames', match],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/metrics/names', { params: { query: match ? { match } : {} }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 30e3,
  });

export const metricRangeQuery = (query: string, from: string, to: string, step: string) =>
  queryOptions({
    queryKey: ['metricRange', query, from, to, step],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/metrics/query_range', { params: { query: { query, from, to, step } }, signal }),
      ),
    placeholderData: keepPreviousData,
  });

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/status', { signal })),
});

export const ingestQuery = (s: Scope) =>
  queryOptions({
    queryKey: ['ingest', s],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/status/ingest', { params: { query: { from: s.from, to: s.to } }, signal })),
    placeholderData: keepPreviousData,
  });

export const storageQuery = queryOptions({
  queryKey: ['storage'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/status/storage', { signal })),
});

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/users', { signal })),
});

export const auditQuery = infiniteQueryOptions({
  queryKey: ['audit'],
  queryFn: ({ pageParam, signal }) =>
    unwrap(
      api.GET('/api/v1/audit', {
        params: { query: { limit: 100, ...(pageParam ? { after: pageParam } : {}) } },
        signal,
      }),
    ),
  initialPageParam: '',
  getNextPageParam: (last) => last.next || undefined,
});

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/tokens', { signal })),
});
