// What the pages of teams and owners ask.
import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';

type S = components['schemas'];
export type Team = S['Team'];
export type TeamDetail = S['TeamDetail'];
export type Product = S['Product'];
export type Owner = S['OwnerView'];
export type Move = S['Move'];

export const teamsQuery = queryOptions({
  queryKey: ['teams'],
  queryFn: () => unwrap(api.GET('/api/v1/teams')),
});

export const teamQuery = (team: string) =>
  queryOptions({
    queryKey: ['teams', team],
    queryFn: () => unwrap(api.GET('/api/v1/teams/{team}', { params: { path: { team } } })),
  });

export const productsQuery = queryOptions({
  queryKey: ['products'],
  queryFn: () => unwrap(api.GET('/api/v1/products')),
});

export const ownersQuery = queryOptions({
  queryKey: ['owners'],
  queryFn: () => unwrap(api.GET('/api/v1/owners')),
});
