// The waterfall: rows drawn only where they are seen, one for each span that is not
// folded away and each of its logs. j, k, arrows and Enter work wherever the focus is.
import { useHotkeys, useLocalStorage } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type PointerEvent, useCallback, useEffect, useMemo, useRef, useState, type WheelEvent } from 'react';
import type { Log, Trace } from '~/api/types';
import { useI18n } from '~/i18n';
import { nsOf } from '~/lib/time';
import * as W from '~/lib/waterfall';
import { Empty } from '~/ui/Empty';
import { Axis } from './Axis';
import { LogRow, SpanRow } from './rows';
import classes from './trace.module.css';
import type { TraceState } from './useTraceState';
import { type Slower, spanKey } from './usual';

export const ROW = 24;

interface Props {
  trace: Trace;
  logs: Log[];
  state: TraceState;
  colors: Map<string, string>;
  /** slow are the spans that take unusually long. */
  slow: ReadonlyMap<string, Slower>;
  /** jump asks for a span to be brought into sight; n tells two jumps to one span apart. */
  jump: { index: number; n: number } | null;
}

export function Waterfall({ trace, logs, state, colors, slow, jump }: Props) {
  const { t } = useI18n();
  const { rows, view, total, tree } = state;
  const parent = useRef<HTMLDivElement>(null);
  const [name, setName] = useLocalStorage({
    key: 'yagura.waterfall.name',
    defaultValue: 360,
    getInitialValueInEffect: false,
  });
  const v = useVirtualizer({
    count: rows.length,
    getScrollElement: () => parent.current,
    estimateSize: () => ROW,
    overscan: 12,
    getItemKey: (i) => rows[i]!,
  });
  const [cursor, setCursor] = useState(-1);
  const current = cursor >= 0 && cursor < rows.length ? rows[cursor]! : undefined;

  const move = (to: number) => {
    if (rows.length === 0) return;
    const i = Math.max(0, Math.min(rows.length - 1, to));
    setCursor(i);
    v.scrollToIndex(i, { align: 'auto' });
    const row = rows[i]!;
    if (state.selected !== undefined && !W.isLog(row)) state.select(row);
  };
  const show = (index: number) => {
    const i = rows.indexOf(index);
    if (i < 0) return;
    setCursor(i);
    v.scrollToIndex(i, { align: 'center' });
  };
  const shown = useRef(show);
  shown.current = show;
  // The row of a jump exists only after the rows have been laid out anew.
  useEffect(() => {
    if (jump) requestAnimationFrame(() => shown.current(jump.index));
  }, [jump]);
  // A permalink to a span opens at that span.
  const first = useRef(state.selected);
  useEffect(() => {
    const at = first.current;
    if (at !== undefined) requestAnimationFrame(() => shown.current(at));
  }, []);

  useHotkeys([
    ['j', () => move(cursor + 1)],
    ['k', () => move(cursor - 1)],
    ['ArrowDown', () => move(cursor + 1)],
    ['ArrowUp', () => move(cursor - 1)],
    ['ArrowLeft', () => fold(true)],
    ['ArrowRight', () => fold(false)],
    ['Enter', () => current !== undefined && !W.isLog(current) && state.select(current)],
    ['Escape', () => state.selected !== undefined && state.select(undefined)],
  ]);
  const fold = (shut: boolean) => {
    if (current === undefined || W.isLog(current)) return;
    const open = !state.collapsed.has(current);
    if (tree.children[current]! > 0 && open === shut) state.toggle(current);
    else if (shut && tree.parent[current]! >= 0) show(tree.parent[current]!);
  };

  // Handlers that stay the same, so that rows are drawn anew only when they change.
  const latest = useRef(state);
  latest.current = state;
  const onToggle = useCallback((i: number) => latest.current.toggle(i), []);
  const onSelect = useCallback((i: number, rowIndex: number) => {
    setCursor(rowIndex);
    latest.current.select(latest.current.selected === i ? undefined : i);
  }, []);

  const start = useMemo(() => nsOf(trace.time), [trace.time]);
  const logAt = useMemo(() => logs.map((l) => Number(nsOf(l.time) - start)), [logs, start]);

  const wheel = (e: WheelEvent<HTMLDivElement>) => {
    const box = e.currentTarget.getBoundingClientRect();
    const at = (e.clientX - box.left - name) / Math.max(1, box.width - name);
    if (at < 0) return;
    if (e.ctrlKey || e.metaKey) state.zoomTo(W.zoom(view, total, e.deltaY > 0 ? 1.25 : 0.8, Math.min(at, 1)));
    else if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY))
      state.zoomTo(W.pan(view, total, (e.deltaX || e.deltaY) / Math.max(1, box.width - name)));
  };

  if (rows.length === 0) return <Empty title={t.trace.noMatchFilter} />;
  return (
    <div
      className={classes.waterfall}
      style={
        { '--name': `${name}px`, ...(slow.size > 0 ? { '--gutter': '190px' } : {}) } as React.CSSProperties
      }
      onWheel={wheel}
    >
      <Axis view={view} total={total} onView={state.zoomTo} />
      <Splitter width={name} onWidth={setName} />
      <div
        ref={parent}
        className={classes.scroll}
        role="treegrid"
        aria-label={t.trace.waterfall}
        aria-rowcount={rows.length}
        tabIndex={0}
      >
        <div style={{ height: v.getTotalSize(), position: 'relative' }}>
          {v.getVirtualItems().map((item) => {
            const row = rows[item.index]!;
            if (W.isLog(row)) {
              const i = W.logIndex(row);
              const log = logs[i]!;
              const at = (log.span_id && tree.indexOf.get(log.span_id)) ?? -1;
              return (
                <LogRow
                  key={item.key}
                  log={log}
                  at={logAt[i]!}
                  depth={typeof at === 'number' && at >= 0 ? trace.spans[at]!.depth + 1 : 0}
                  top={item.start}
                  from={view.from}
                  to={view.to}
                  current={item.index === cursor}
                />
              );
            }
            return (
              <SpanRow
                key={item.key}
                span={trace.spans[row]!}
                index={row}
                rowIndex={item.index}
                top={item.start}
                from={view.from}
                to={view.to}
                color={colors.get(trace.spans[row]!.service) ?? '#888888'}
                kids={tree.children[row]!}
                hidden={state.collapsed.has(row) ? tree.end[row]! - row - 1 : 0}
                open={!state.collapsed.has(row)}
                selected={state.selected === row}
                current={item.index === cursor}
                match={state.matchSet.has(row)}
                slow={slow.get(spanKey(trace.spans[row]!))}
                onToggle={onToggle}
                onSelect={onSelect}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Splitter({ width, onWidth }: { width: number; onWidth: (w: number) => void }) {
  const drag = useRef<{ x: number; w: number } | null>(null);
  const move = (e: PointerEvent) => {
    if (drag.current) onWidth(Math.max(160, Math.min(800, drag.current.w + e.clientX - drag.current.x)));
  };
  return (
    <div
      className={classes.splitter}
      onPointerDown={(e) => {
        e.currentTarget.setPointerCapture(e.pointerId);
        drag.current = { x: e.clientX, w: width };
      }}
      onPointerMove={move}
      onPointerUp={() => {
        drag.current = null;
      }}
    />
  );
}
