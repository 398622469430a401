// The address is the state. Search parameters are plain text, so that a permalink reads
// well and survives being typed; TanStack Router's JSON encoding is not used.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

/** Everything that any page keeps in the address. */
export interface Search {
  from?: string;
  to?: string;
  env?: string;
  /** compare=day or compare=week: the day or the week before stands behind. */
  compare?: string;
  /** paused=1: nothing is refreshed by itself. */
  paused?: string;
  filter?: string;
  /** Logs: the open row as time_id; tail=1 while tailing. */
  row?: string;
  tail?: string;
  /** Traces: the chart above the list. */
  chart?: string;
  /** Trace: the open span, the part that is looked at, the text searched for, what shows. */
  span?: string;
  zoom?: string;
  q?: string;
  view?: string;
  logs?: string;
  /** Trace: only=critical or only=errors. */
  only?: string;
  /** Tables: the column, with a leading minus when descending. */
  sort?: string;
  /** Errors: the tab, whose, of which service. */
  shows?: string;
  assignee?: string;
  service?: string;
  /** An endpoint's page. Databases: the one that is looked at, the open statement. */
  endpoint?: string;
  peer?: string;
  shape?: string;
  /** Logs: attributes that stand as columns, with commas between. */
  columns?: string;
  /** Traces and logs: the attribute that rows are grouped by, what is contrasted with what. */
  by?: string;
  /** Metrics: the scale of the values. */
  scale?: string;
  /** Metrics */
  query?: string;
  /** SQL: the statement, or the saved view that has it; the axis and the columns that are drawn. */
  sql?: string;
  saved?: string;
  x?: string;
  y?: string;
  limit?: string;
  /** Sign-in and setup */
  next?: string;
  /** Why a sign-in was refused, and the log's id for it. */
  error?: string;
  trace?: string;
  /** Releases: those of one product, how long after one is looked at. */
  product?: string;
  window?: string;
  /** Services: those of one team. Settings: the open team. */
  team?: string;
  token?: string;
}

const keys: (keyof Search)[] = [
  'from',
  'to',
  'env',
  'compare',
  'paused',
  'filter',
  'row',
  'tail',
  'chart',
  'span',
  'zoom',
  'q',
  'view',
  'logs',
  'only',
  'sort',
  'shows',
  'assignee',
  'service',
  'endpoint',
  'peer',
  'shape',
  'columns',
  'by',
  'scale',
  'query',
  'sql',
  'saved',
  'x',
  'y',
  'limit',
  'next',
  'error',
  'trace',
  'product',
  'window',
  'team',
  'token',
];

export function validateSearch(raw: Record<string, unknown>): Search {
  const out: Search = {};
  for (const k of keys) {
    const v = raw[k];
    if (typeof v === 'string' && v !== '') out[k] = v;
  }
  return out;
}

export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const p = new URLSearchParams();
  for (const [k, v] of Object.entries(search)) if (typeof v === 'string' && v !== '') p.set(k, v);
  // Colons, slashes and commas are legal in a query and easier on the eye.
  const s = p.toString().replace(/%3A/g, ':').replace(/%2F/g, '/').replace(/%2C/g, ',');
  return s ? `?${s}` : '';
}

/** carried is what a link to another page takes along: the range, what it is compared with,
 * and the environment. */
export function carried(s: Search): Search {
  const out: Search = {};
  for (const k of ['from', 'to', 'env', 'compare', 'paused'] as const) if (s[k]) out[k] = s[k];
  return out;
}

export function useUrl(): {
  search: Search;
  set: (patch: Search | ((s: Search) => Search), opts?: { replace?: boolean }) => void;
} {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const set = useCallback(
    (patch: Search | ((s: Search) => Search), opts?: { replace?: boolean }) => {
      void navigate({
        to: '.',
        search: ((prev: Search) => ({
          ...prev,
          ...(typeof patch === 'function' ? patch(prev) : patch),
        })) as never,
        replace: opts?.replace ?? false,
      });
    },
    [navigate],
  );
  return { search, set };
}
