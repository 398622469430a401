// What the trace page shows: which spans are folded away, narrowed to, searched for and
// looked at. The parts worth sharing stand in the address.
import { useDebouncedCallback } from '@mantine/hooks';
import { useDeferredValue, useMemo, useState } from 'react';
import type { Log, Trace } from '~/api/types';
import * as W from '~/lib/waterfall';
import { useUrl } from '~/url';

/** Above this many spans a trace opens with its first levels only. */
const OPEN_ALL = 500;

export function parseZoom(text: string | undefined, total: number): W.View {
  const m = /^(\d+)-(\d+)$/.exec(text ?? '');
  const from = Math.min(Number(m?.[1] ?? 0), total);
  const to = Math.min(Number(m?.[2] ?? total), total);
  return to > from ? { from, to } : { from: 0, to: total };
}

export function useTraceState(trace: Trace, logs: Log[]) {
  const { search, set } = useUrl();
  const { spans } = trace;
  const total = Math.max(trace.duration_ns, 1);
  const tree = useMemo(() => W.tree(spans), [spans]);

  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(() => {
    const first = spans.length > OPEN_ALL ? W.collapseTo(spans, tree, 2) : new Set<number>();
    const at = search.span === undefined ? undefined : tree.indexOf.get(search.span);
    return at === undefined ? first : W.reveal(first, tree, at);
  });
  const toggle = (i: number) => {
    const next = new Set(collapsed);
    if (!next.delete(i)) next.add(i);
    setCollapsed(next);
  };

  const showLogs = search.logs !== '0';
  const only = search.only === 'critical' || search.only === 'errors' ? search.only : undefined;
  const grouped = useMemo(() => W.logsBySpan(tree, logs), [tree, logs]);
  const keep = useMemo(() => {
    if (!only) return undefined;
    return W.withAncestors(spans.length, tree, (i) =>
      only === 'errors' ? spans[i]!.error === true : (spans[i]!.critical?.length ?? 0) > 0,
    );
  }, [only, spans, tree]);
  const rows = useMemo(
    () => W.flatten(spans.length, tree, collapsed, showLogs ? grouped : undefined, keep),
    [spans, tree, collapsed, showLogs, grouped, keep],
  );

  const [view, setView] = useState(() => parseZoom(search.zoom, total));
  const saveZoom = useDebouncedCallback((v: W.View) => {
    const whole = v.from <= 0 && v.to >= total;
    set({ zoom: whole ? '' : `${Math.round(v.from)}-${Math.round(v.to)}` }, { replace: true });
  }, 250);
  const zoomTo = (v: W.View) => {
    setView(v);
    saveZoom(v);
  };

  const [text, setText] = useState(search.q ?? '');
  const saveText = useDebouncedCallback((q: string) => set({ q }, { replace: true }), 250);
  const find = (q: string) => {
    setText(q);
    saveText(q);
  };
  const deferred = useDeferredValue(text);
  const matches = useMemo(() => W.search(spans, deferred), [spans, deferred]);
  const matchSet = useMemo(() => new Set(matches), [matches]);

  const selected = search.span === undefined ? undefined : tree.indexOf.get(search.span);
  const select = (i: number | undefined) =>
    set(
      { span: i === undefined ? '' : spans[i]!.span_id },
      { replace: search.span !== undefined && i !== undefined },
    );

  return {
    total,
    tree,
    rows,
    collapsed,
    toggle,
    setCollapsed,
    /** Makes a span show, whatever was folded or narrowed. */
    reveal: (i: number) => {
      setCollapsed((c) => W.reveal(c, tree, i));
      if (keep && !keep[i]) set({ only: '' }, { replace: true });
    },
    expandAll: () => setCollapsed(new Set()),
    collapseDeep: () => setCollapsed(W.collapseTo(spans, tree, 2)),
    showLogs,
    only,
    grouped,
    view,
    zoomTo,
    text,
    find,
    matches,
    matchSet,
    selected,
    select,
  };
}

export type TraceState = ReturnType<typeof useTraceState>;
