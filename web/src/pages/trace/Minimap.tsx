// The whole trace in a strip, on a canvas: every span a line in the colour of its service,
// with a red end where it failed. Drawn once per trace and width; the part looked at is laid over it.
import { type PointerEvent, useEffect, useRef, useState } from 'react';
import type { TraceSpan } from '~/api/types';
import { useI18n } from '~/i18n';
import { duration } from '~/lib/format';
import { durationTicks, type View } from '~/lib/waterfall';
import { useWidth } from '~/ui/useWidth';
import classes from './trace.module.css';

const HEIGHT = 52;
/** The width of the red end of a span with an error. */
const MARK = 3;

interface Props {
  spans: TraceSpan[];
  total: number;
  view: View;
  onView: (v: View) => void;
  colors: Map<string, string>;
}

export function Minimap({ spans, total, view, onView, colors }: Props) {
  const { t, lang } = useI18n();
  const [ref, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drag, setDrag] = useState<View | null>(null);

  useEffect(() => {
    const el = canvas.current;
    if (!el || width === 0) return;
    const dpr = window.devicePixelRatio || 1;
    el.width = width * dpr;
    el.height = HEIGHT * dpr;
    const g = el.getContext('2d');
    if (!g) return;
    g.scale(dpr, dpr);
    draw(g, spans, total, width, colors);
  }, [spans, total, width, colors]);

  const at = (e: PointerEvent) => {
    const box = e.currentTarget.getBoundingClientRect();
    return (Math.min(Math.max(e.clientX - box.left, 0), box.width) / box.width) * total;
  };
  const x = (ns: number) => `${(ns / total) * 100}%`;
  const up = () => {
    if (drag) {
      const from = Math.min(drag.from, drag.to);
      const to = Math.max(drag.from, drag.to);
      if (((to - from) / total) * width > 4) onView({ from, to });
    }
    setDrag(null);
  };
  const shown = drag ? { from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) } : view;
  const whole = shown.from <= 0 && shown.to >= total;
  return (
    <div className={classes.minimap}>
      <div
        ref={ref}
        className={classes.map}
        style={{ height: HEIGHT }}
        role="img"
        aria-label={t.trace.minimap}
        title={t.trace.minimap}
        onPointerDown={(e) => {
          if (e.button !== 0) return;
          e.currentTarget.setPointerCapture(e.pointerId);
          setDrag({ from: at(e), to: at(e) });
        }}
        onPointerMove={(e) => drag && setDrag({ from: drag.from, to: at(e) })}
        onPointerUp={up}
        onPointerCancel={() => setDrag(null)}
        onDoubleClick={() => onView({ from: 0, to: total })}
      >
        <canvas ref={canvas} style={{ width: '100%', height: HEIGHT, display: 'block' }} />
        {!whole && (
          <>
            <div className={classes.shade} style={{ left: 0, width: x(shown.from) }} />
            <div className={classes.shade} style={{ left: x(shown.to), right: 0 }} />
            <div
              className={classes.window}
              style={{ left: x(shown.from), width: x(shown.to - shown.from) }}
            />
          </>
        )}
        {durationTicks({ from: 0, to: total }, Math.max(2, Math.floor(width / 130)))
          .slice(1)
          .map((ns) => (
            <span key={ns} className={classes.mapTick} style={{ left: x(ns) }}>
              {duration(ns, lang)}
            </span>
          ))}
      </div>
    </div>
  );
}

function draw(
  g: CanvasRenderingContext2D,
  spans: TraceSpan[],
  total: number,
  width: number,
  colors: Map<string, string>,
) {
  const top = 14;
  const tall = HEIGHT - top - 2;
  const n = spans.length;
  const line = Math.max(1, Math.min(4, tall / n));
  g.clearRect(0, 0, width, HEIGHT);
  // One path per colour: 50,000 changes of the fill style would be the slow part.
  const paths = new Map<string, Path2D>();
  const errors = new Path2D();
  for (let i = 0; i < n; i++) {
    const s = spans[i]!;
    const x = (s.start_ns / total) * width;
    const w = Math.max(1, (s.duration_ns / total) * width);
    const y = top + (n <= tall / line ? i * line : (i / n) * tall);
    const color = colors.get(s.service) ?? '#888888';
    let p = paths.get(color);
    if (!p) {
      p = new Path2D();
      paths.set(color, p);
    }
    p.rect(x, y, w, line > 2 ? line - 1 : line);
    if (s.error) {
      // Only the end is red, beside the span when it is too short to show both.
      const at = Math.min(w > 2 * MARK ? x + w - MARK : x + w, width - MARK);
      errors.rect(at, y, MARK, Math.max(line, 2));
    }
  }
  for (const [color, path] of paths) {
    g.fillStyle = color;
    g.fill(path);
  }
  g.fillStyle = '#e5484d';
  g.fill(errors);
}
