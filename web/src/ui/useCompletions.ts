import { useQuery } from '@tanstack/react-query';
import { facetsQuery, filterKeysQuery, type RowSignal } from '~/api/queries';
import type { Place } from '~/lib/filter';
import { count } from '~/lib/format';
import { useRange } from '~/shell/RangeContext';

export interface Choice {
  value: string;
  hint?: string;
}

const MAX = 12;

/** What may stand at a place of a filter: keys with their labels, values with their counts. */
export function useCompletions(signal: RowSignal, place: Place, enabled: boolean): Choice[] {
  const { scope } = useRange();
  const keys = useQuery({ ...filterKeysQuery(signal, scope), enabled });
  const key = place.kind === 'value' ? place.key : '';
  const values = useQuery({
    ...facetsQuery(signal, scope, '', key, 50),
    enabled: enabled && key !== '',
    staleTime: 60e3,
  });
  const prefix = place.prefix.toLowerCase();
  if (place.kind === 'value') {
    // The old answer may be about another key.
    const facet =
      values.data?.items.find((f) => f.key === key) ??
      (values.isPlaceholderData ? undefined : values.data?.items[0]);
    const fixed = keys.data?.items.find((k) => k.key === key)?.values ?? [];
    const seen = facet?.values ?? [];
    const known = new Set(seen.map((v) => v.value));
    return [...seen, ...fixed.filter((v) => !known.has(v)).map((value) => ({ value, count: 0 }))]
      .filter((v) => v.value !== place.prefix && v.value.toLowerCase().includes(prefix))
      .slice(0, MAX)
      .map((v) => ({ value: v.value, hint: count(v.count) }));
  }
  const items = (keys.data?.items ?? []).filter(
    (k) => k.key.toLowerCase().includes(prefix) || (k.label ?? '').toLowerCase().includes(prefix),
  );
  items.sort(
    (a, b) => Number(b.key.toLowerCase().startsWith(prefix)) - Number(a.key.toLowerCase().startsWith(prefix)),
  );
  return items.slice(0, MAX).map((k) => ({ value: k.key, ...(k.label ? { hint: k.label } : {}) }));
}
