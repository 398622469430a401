// What pages ask about source: repositories, what services are built from, lines.
import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';
import { useSession } from '~/shell/Session';
import type { Clue } from './frame';

type S = components['schemas'];
export type Repository = S['RepositoryView'];
export type Binding = S['CodeBindingView'];
export type Place = S['CodePlaceView'];
export type Candidate = S['CodeCandidateView'];

/** What ran: of which service, where, and which version of it. */
export interface Ran {
  service: string;
  env: string;
  version: string;
  revision: string;
}

interface Row {
  service: string;
  env: string;
  version: string;
  resource: Record<string, string>;
}

export const ranOf = (r: Row): Ran => ({
  service: r.service,
  env: r.env,
  version: r.version,
  revision: r.resource['vcs.ref.head.revision'] ?? '',
});

/** locateQuery finds lines; the first question about a commit may take a minute. */
export const locateQuery = (ran: Ran, clue: Clue) => {
  const query = { service: ran.service } as NonNullable<Parameters<typeof ask>[0]>;
  if (ran.env) query.env = ran.env;
  if (ran.version) query.version = ran.version;
  if (ran.revision) query.revision = ran.revision;
  return queryOptions({
    queryKey: ['code', 'locate', ran, clue],
    queryFn: ({ signal }) => ask({ ...query, ...clue }, signal),
    staleTime: 5 * 60e3,
    gcTime: 5 * 60e3,
    retry: false,
  });
};

interface LocateQuery extends Clue {
  service: string;
  env?: string;
  version?: string;
  revision?: string;
}

const ask = (query: LocateQuery, signal: AbortSignal) =>
  unwrap(api.GET('/api/v1/code/locate', { params: { query }, signal }));

export const repositoriesQuery = queryOptions({
  queryKey: ['code', 'repositories'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/code/repositories', { signal })),
});

export const bindingsQuery = queryOptions({
  queryKey: ['code', 'bindings'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/code/bindings', { signal })),
});

export const foldersQuery = (id: string, service: string) =>
  queryOptions({
    queryKey: ['code', 'folders', id, service],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/code/repositories/{id}/folders', {
          params: { path: { id }, query: { service } },
          signal,
        }),
      ),
    staleTime: 10 * 60e3,
    gcTime: 10 * 60e3,
    retry: false,
  });

/** May the reader see source, and open issues about it? */
export function useReadsCode(): boolean {
  const s = useSession();
  return s.auth === 'none' || ['member', 'lead', 'admin'].includes(s.user?.role ?? '');
}
