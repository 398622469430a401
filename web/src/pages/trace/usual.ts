// What of a trace is not as usual: asked beside the trace, and laid on its spans.
import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';

export type Usual = components['schemas']['UsualView'];
export type Slower = Usual['slow'][number];

export const usualQuery = (id: string) =>
  queryOptions({
    queryKey: ['trace', id, 'usual'],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/traces/{trace_id}/usual', { params: { path: { trace_id: id } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

/** Two spans may share an id, but not their kind too. */
export const spanKey = (s: { span_id: string; kind: string }) => `${s.span_id}/${s.kind}`;

/** slowSpans are the calls that take unusually long, by their spans. */
export function slowSpans(u: Usual | undefined): ReadonlyMap<string, Slower> {
  return new Map(u?.slow.map((s) => [spanKey(s), s]));
}

/** causes are those whose own time is unusual, the longest first. */
export function causes(u: Usual): Slower[] {
  return u.slow.filter((s) => s.own).sort((a, b) => b.duration_ns - b.p50_ns - (a.duration_ns - a.p50_ns));
}
