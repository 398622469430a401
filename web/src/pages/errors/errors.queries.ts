// What the pages of errors ask and change.
import { keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, unwrap } from '~/api/client';
import { type Scope, usersQuery } from '~/api/queries';
import type { components } from '~/api/schema';
import type { Compare } from '~/lib/range';
import { useIsAdmin, useSession } from '~/shell/Session';

type S = components['schemas'];
export type ErrorGroup = S['ErrorGroupView'];
export type ErrorState = S['ErrorStateView'];
export type ErrorEvent = S['ErrorEventView'];
export type Shows = ErrorGroup['shows'];
export type Change = S['ErrorChangeBody'];

/** The tabs of the inbox: open is all that waits for somebody. */
export const tabs = {
  open: ['returned', 'new', 'ongoing'],
  returned: ['returned'],
  new: ['new'],
  ongoing: ['ongoing'],
  resolved: ['resolved'],
  ignored: ['ignored'],
} as const satisfies Record<string, readonly Shows[]>;
export type Tab = keyof typeof tabs;

export interface Inbox {
  tab: Tab;
  text: string;
  assignee: string;
  service: string;
}

const ranged = (s: Scope, compare: Compare | undefined, steps: number) => ({
  from: s.from,
  to: s.to,
  ...(s.env ? { env: s.env } : {}),
  ...(compare ? { compare } : {}),
  steps,
});

export const errorsQuery = (s: Scope, compare: Compare | undefined, q: Inbox) =>
  queryOptions({
    queryKey: ['errors', s, compare, q],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/errors', {
          params: {
            query: {
              ...ranged(s, compare, 30),
              ...(q.text ? { q: q.text } : {}),
              ...(q.assignee ? { assignee: q.assignee } : {}),
              ...(q.service ? { service: q.service } : {}),
              shows: [...tabs[q.tab]],
            },
          },
          // This list is repeated, not set with commas.
          querySerializer: { array: { style: 'form', explode: true } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** errorQuery gives a group and the ETag with which it may be changed. */
export const errorQuery = (s: Scope, compare: Compare | undefined, service: string, group: string) =>
  queryOptions({
    queryKey: ['errors', 'one', service, group, s, compare],
    queryFn: async ({ signal }) => {
      const call = api.GET('/api/v1/errors/{service}/{group}', {
        params: { path: { service, group }, query: ranged(s, compare, 80) },
        signal,
      });
      const page = await unwrap(call);
      return { ...page, etag: (await call).response.headers.get('ETag') ?? '' };
    },
    placeholderData: (prev, q) =>
      q?.queryKey[2] === service && q.queryKey[3] === group ? keepPreviousData(prev) : undefined,
  });

interface Edit {
  service: string;
  group: string;
  change: Change;
  etag?: string;
}

/** useEdit changes the state of a group. */
export function useEdit() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ service, group, change, etag }: Edit) =>
      unwrap(
        api.PATCH('/api/v1/errors/{service}/{group}', {
          params: { path: { service, group }, ...(etag ? { header: { 'If-Match': etag } } : {}) },
          body: change,
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ['errors'] }),
  });
}

/** May the reader decide about errors? */
export function useDecides(): boolean {
  const s = useSession();
  return s.auth === 'none' || ['member', 'lead', 'admin'].includes(s.user?.role ?? '');
}

export interface Person {
  kind: 'user' | 'team';
  id: string;
  name: string;
  me?: boolean;
}

/** usePeople are those whom an error can be given to: oneself, the teams, and for those who
 * may list them, everybody. */
export function usePeople(): Person[] {
  const { user } = useSession();
  const admin = useIsAdmin();
  const teams = useQuery({
    queryKey: ['teams'],
    queryFn: () => unwrap(api.GET('/api/v1/teams')),
    staleTime: 60e3,
  });
  const users = useQuery({ ...usersQuery, enabled: admin, staleTime: 60e3 });
  return useMemo(() => {
    const me: Person[] = user ? [{ kind: 'user', id: user.id, name: user.name, me: true }] : [];
    return [
      ...me,
      ...(teams.data?.items ?? []).map((t): Person => ({ kind: 'team', id: t.id, name: t.name })),
      ...(users.data?.items ?? [])
        .filter((u) => u.id !== user?.id && !u.disabled)
        .map((u): Person => ({ kind: 'user', id: u.id, name: u.name || u.email })),
    ];
  }, [user, teams.data, users.data]);
}
