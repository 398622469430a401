// The open row stands in the address as time_id, so that a permalink finds it wherever it
// is in the list, also when the list has grown since.
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { logAtQuery } from '~/api/queries';
import type { Log } from '~/api/types';
import { addNs } from '~/lib/time';

export function rowParam(log: Log): string {
  return `${log.time}_${log.id}`;
}

export function parseRow(param: string | undefined): { time: string; id: string } | undefined {
  const m = /^(\d{4}-\d\d-\d\dT[\d:.]+Z)_(\w+)$/.exec(param ?? '');
  return m ? { time: m[1]!, id: m[2]! } : undefined;
}

/** The log that is open: from the list, else asked for by itself. undefined while loading, null when it is gone. */
export function useOpenRow(param: string | undefined, rows: Log[]): Log | null | undefined {
  const at = useMemo(() => parseRow(param), [param]);
  const listed = useMemo(() => (at ? rows.find((l) => l.id === at.id) : undefined), [at, rows]);
  const q = useQuery({
    ...logAtQuery(at?.time ?? '', at ? addNs(at.time, 1) : '', at?.id ?? ''),
    enabled: at !== undefined && listed === undefined,
  });
  if (!at) return null;
  return listed ?? (q.isError ? null : q.data);
}
