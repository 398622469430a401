// The listed traces as points: time across, duration up on a log scale. An error is a
// cross, not only red. A click opens the trace, dragging zooms in time.
import { useNavigate } from '@tanstack/react-router';
import { type PointerEvent, useMemo, useState } from 'react';
import type { TraceSummary } from '~/api/types';
import { useI18n } from '~/i18n';
import * as F from '~/lib/format';
import * as T from '~/lib/time';
import explore from '~/ui/explore.module.css';
import axis from '~/ui/timebars.module.css';
import { useWidth } from '~/ui/useWidth';
import { carried, useUrl } from '~/url';

const LEFT = 56;
const HEIGHT = 104;
const BOTTOM = 18;
const NEAR = 8;

interface Props {
  traces: TraceSummary[];
  fromMs: number;
  toMs: number;
  onZoom: (fromMs: number, toMs: number) => void;
}

export function Scatter({ traces, fromMs, toMs, onZoom }: Props) {
  const { t, lang } = useI18n();
  const { search } = useUrl();
  const navigate = useNavigate();
  const [ref, width] = useWidth<HTMLDivElement>();
  const [hover, setHover] = useState<number | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const plot = Math.max(1, width - LEFT - 8);
  const tall = HEIGHT - BOTTOM - 8;
  const { points, low, high } = useMemo(() => {
    const ds = traces.map((x) => Math.max(x.duration_ns, 1));
    const lowest = ds.length ? Math.floor(Math.log10(ds.reduce((a, b) => Math.min(a, b)))) : 6;
    const highest = ds.length ? Math.ceil(Math.log10(ds.reduce((a, b) => Math.max(a, b))) + 1e-9) : 9;
    const top = Math.max(highest, lowest + 1);
    return {
      low: lowest,
      high: top,
      points: traces.map((x) => ({
        x: LEFT + ((T.msOf(x.time) - fromMs) / (toMs - fromMs)) * plot,
        y: 6 + (1 - (Math.log10(Math.max(x.duration_ns, 1)) - lowest) / (top - lowest)) * tall,
        bad: x.errors > 0,
      })),
    };
  }, [traces, fromMs, toMs, plot, tall]);
  const local = (e: PointerEvent) => {
    const box = e.currentTarget.getBoundingClientRect();
    return { x: e.clientX - box.left, y: e.clientY - box.top };
  };
  const nearest = (x: number, y: number) => {
    let best = -1;
    let distance = NEAR * NEAR;
    points.forEach((p, i) => {
      const d = (p.x - x) ** 2 + (p.y - y) ** 2;
      if (d < distance) {
        best = i;
        distance = d;
      }
    });
    return best >= 0 ? best : null;
  };
  const ms = (x: number) => fromMs + (Math.min(Math.max(x - LEFT, 0), plot) / plot) * (toMs - fromMs);
  const hot = hover === null ? undefined : traces[hover];
  const hotPoint = hover === null ? undefined : points[hover];
  const exponents = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const every = Math.ceil(exponents.length / 4);
  return (
    <figure className={axis.figure} aria-label={t.traces.scatter}>
      <div
        ref={ref}
        className={axis.area}
        style={{ height: HEIGHT, cursor: hot ? 'pointer' : 'crosshair' }}
        onPointerDown={(e) => {
          if (e.button !== 0) return;
          e.currentTarget.setPointerCapture(e.pointerId);
          const { x } = local(e);
          setDrag({ from: x, to: x });
        }}
        onPointerMove={(e) => {
          const { x, y } = local(e);
          if (drag) setDrag({ from: drag.from, to: x });
          else setHover(nearest(x, y));
        }}
        onPointerUp={() => {
          if (drag && Math.abs(drag.to - drag.from) > 4)
            onZoom(ms(Math.min(drag.from, drag.to)), ms(Math.max(drag.from, drag.to)));
          else if (hot)
            void navigate({
              to: '/traces/$traceId',
              params: { traceId: hot.trace_id },
              search: carried(search),
            });
          setDrag(null);
        }}
        onPointerLeave={() => setHover(null)}
      >
        {width > 0 && (
          <svg width={width} height={HEIGHT} aria-hidden="true">
            {exponents.map((e, i) => {
              const y = 6 + (1 - (e - low) / (high - low)) * tall;
              return (
                <g key={e}>
                  <line
                    x1={LEFT}
                    x2={LEFT + plot}
                    y1={y}
                    y2={y}
                    className={e === low ? axis.base : axis.grid}
                  />
                  {i % every === 0 && (
                    <text x={LEFT - 6} y={y + 4} textAnchor="end" className={axis.axis}>
                      {F.duration(10 ** e, lang)}
                    </text>
                  )}
                </g>
              );
            })}
            {T.timeTicks(fromMs, toMs, Math.max(2, Math.floor(plot / 90))).map((k) => (
              <text
                key={k.ms}
                {...T.tickAnchor(LEFT + ((k.ms - fromMs) / (toMs - fromMs)) * plot, width)}
                y={HEIGHT - 3}
                className={axis.axis}
              >
                {T.tickLabel(k.ms, k.step, lang)}
              </text>
            ))}
            {points.map((p, i) =>
              p.bad ? (
                <path
                  key={i}
                  d={`M${p.x - 3},${p.y - 3}l6,6m0,-6l-6,6`}
                  stroke="var(--y-level-error)"
                  strokeWidth="1.6"
                />
              ) : (
                <circle key={i} cx={p.x} cy={p.y} r="2.4" fill="var(--y-level-info)" fillOpacity="0.6" />
              ),
            )}
            {hotPoint && <circle cx={hotPoint.x} cy={hotPoint.y} r="6" fill="none" stroke="var(--y-text)" />}
            {drag && (
              <rect
                x={Math.min(drag.from, drag.to)}
                y={4}
                width={Math.abs(drag.to - drag.from)}
                height={tall}
                className={axis.selection}
              />
            )}
          </svg>
        )}
        {hot && hotPoint && !drag && (
          <div
            className={axis.tip}
            style={hotPoint.x > width / 2 ? { right: width - hotPoint.x + 10 } : { left: hotPoint.x + 10 }}
          >
            <strong>{F.duration(hot.duration_ns, lang)}</strong> {hot.root_service}{' '}
            {hot.root_name || t.traces.noRoot}
            <div className="dim">{T.full(T.msOf(hot.time), lang)}</div>
          </div>
        )}
      </div>
      <div className={explore.legend} aria-hidden="true">
        <span>● {t.traces.ok}</span>
        <span className="bad">✕ {t.traces.error}</span>
        <span>{t.traces.listed(F.group(traces.length))}</span>
      </div>
    </figure>
  );
}
