// The time range of all panels of a page. A relative range is resolved once for all of
// them, so that a page shows one and the same stretch of time, and again at each refresh.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import type { Scope } from '~/api/queries';
import * as R from '~/lib/range';
import { useUrl } from '~/url';

export const REFRESH_MS = 15_000;

export interface RangeState extends R.Resolved {
  /** raw is what the address holds. */
  raw: R.Range;
  /** scope is what API calls take. */
  scope: Scope;
  live: boolean;
  setLive: (live: boolean) => void;
  refresh: () => void;
  setRange: (r: R.Range) => void;
  setEnv: (env: string) => void;
  /** compare is what the range is compared with, or nothing. */
  compare: R.Compare | undefined;
  setCompare: (c: R.Compare | undefined) => void;
}

const Context = createContext<RangeState | null>(null);

const toSecond = (ms: number) => Math.floor(ms / 1000) * 1000;

export function RangeProvider({ children }: { children: ReactNode }) {
  const { search, set } = useUrl();
  const from = search.from ?? R.DEFAULT_RANGE.from;
  const to = search.to ?? R.DEFAULT_RANGE.to;
  const env = search.env ?? '';
  const key = `${from}|${to}`;
  const [asOf, setAsOf] = useState({ key, now: toSecond(Date.now()) });
  // During the render, not in an effect: the first requests must already use the new range.
  if (asOf.key !== key) setAsOf({ key, now: toSecond(Date.now()) });
  const now = asOf.now;

  const resolved = useMemo(() => R.resolve({ from, to }, now), [from, to, now]);
  const live = search.paused !== '1' && resolved.relative;
  const refresh = useCallback(() => setAsOf({ key, now: toSecond(Date.now()) }), [key]);

  useEffect(() => {
    if (!live) return;
    const id = setInterval(() => {
      if (document.visibilityState === 'visible') refresh();
    }, REFRESH_MS);
    return () => clearInterval(id);
  }, [live, refresh]);

  const setRange = useCallback((r: R.Range) => set({ from: r.from, to: r.to }), [set]);
  const setEnv = useCallback((e: string) => set({ env: e }), [set]);
  const compare = R.isCompare(search.compare) ? search.compare : undefined;
  const setCompare = useCallback((c: R.Compare | undefined) => set({ compare: c ?? '' }), [set]);
  const setLive = useCallback(
    (on: boolean) => {
      set({ paused: on ? '' : '1' });
      if (on) refresh();
    },
    [set, refresh],
  );

  const value = useMemo<RangeState>(() => {
    const abs = R.absolute(resolved);
    return {
      ...resolved,
      raw: { from, to },
      scope: { from: abs.from, to: abs.to, env },
      live,
      setLive,
      refresh,
      setRange,
      setEnv,
      compare,
      setCompare,
    };
  }, [resolved, from, to, env, live, setLive, refresh, setRange, setEnv, compare, setCompare]);
  return <Context value={value}>{children}</Context>;
}

/** RangeWindow lays the charts within on a stretch of time of their own. A drag there zooms
 * the page's range. */
export function RangeWindow({ from, to, children }: { from: string; to: string; children: ReactNode }) {
  const outer = useRange();
  const value = useMemo<RangeState>(
    () => ({ ...outer, fromMs: Date.parse(from), toMs: Date.parse(to), compare: undefined }),
    [outer, from, to],
  );
  return <Context value={value}>{children}</Context>;
}

export function useRange(): RangeState {
  const value = useContext(Context);
  if (!value) throw new Error('useRange outside RangeProvider');
  return value;
}

export interface CompareRange {
  by: R.Compare;
  /** shiftMs is what is added to a time of then to lay it on now. */
  shiftMs: number;
  fromMs: number;
  toMs: number;
  /** scope is what API calls take for the range of then. */
  scope: Scope;
}

/** useCompareRange is the range that the page's is compared with; null when it is not. */
export function useCompareRange(): CompareRange | null {
  const { compare, fromMs, toMs, scope } = useRange();
  const { env } = scope;
  return useMemo(() => {
    if (!compare) return null;
    const shiftMs = R.backMs[compare];
    const then = { fromMs: fromMs - shiftMs, toMs: toMs - shiftMs, relative: false };
    return { by: compare, shiftMs, ...then, scope: { ...R.absolute(then), env } };
  }, [compare, fromMs, toMs, env]);
}
