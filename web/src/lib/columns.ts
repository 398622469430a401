// Attributes that stand as columns, as the address holds them, and what a row has in them.
import type { Log } from '~/api/types';

/** As many as can be read side by side. */
export const MAX_COLUMNS = 8;

export function columnsOf(text: string | undefined): string[] {
  return [...new Set((text ?? '').split(',').map((k) => k.trim()))]
    .filter((k) => k !== '')
    .slice(0, MAX_COLUMNS);
}

export function toggled(columns: readonly string[], key: string): string {
  return (columns.includes(key) ? columns.filter((k) => k !== key) : [...columns, key]).join(',');
}

const own = [
  'env',
  'version',
  'instance',
  'host',
  'scope',
  'event',
  'service',
  'level',
  'trace_id',
  'span_id',
] as const;

/** cellOf a log, by a key as the filter knows it; '' where it has none. */
export function cellOf(log: Log, key: string): string {
  if ((own as readonly string[]).includes(key)) return log[key as (typeof own)[number]] ?? '';
  if (key.startsWith('resource.')) return log.resource[key.slice(9)] ?? '';
  return log.attributes[key] ?? log.resource[key] ?? '';
}
