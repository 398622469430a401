// Rows over time as stacked bars. Dragging zooms; a table stands in for it where it
// cannot be seen. Empty buckets are drawn as nothing on a visible base line.
import { type PointerEvent, useMemo, useState } from 'react';
import type { Histogram } from '~/api/types';
import { useI18n } from '~/i18n';
import { count, group } from '~/lib/format';
import { fill, niceMax } from '~/lib/stack';
import * as T from '~/lib/time';
import classes from './timebars.module.css';
import { useWidth } from './useWidth';

export interface Group {
  key: string;
  label: string;
  color: string;
}

interface Props {
  histogram: Histogram;
  groups: Group[];
  fromMs: number;
  toMs: number;
  height?: number;
  label: string;
  onZoom: (fromMs: number, toMs: number) => void;
}

const LEFT = 44;
const BOTTOM = 18;

export function TimeBars({ histogram, groups, fromMs, toMs, height = 104, label, onZoom }: Props) {
  const { t, lang } = useI18n();
  const [ref, width] = useWidth<HTMLDivElement>();
  const [hover, setHover] = useState<number | null>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const step = histogram.step_ns / 1e6;
  const bars = useMemo(
    () => fill(histogram.buckets, histogram.step_ns, fromMs, toMs),
    [histogram, fromMs, toMs],
  );
  const max = niceMax(Math.max(1, ...bars.map((b) => b.total)));
  const plot = Math.max(0, width - LEFT - 8);
  const tall = height - BOTTOM - 4;
  const x = (ms: number) => LEFT + ((ms - fromMs) / (toMs - fromMs)) * plot;
  const at = (e: PointerEvent) => {
    const px = e.clientX - e.currentTarget.getBoundingClientRect().left;
    return fromMs + (Math.min(Math.max(px - LEFT, 0), plot) / plot) * (toMs - fromMs);
  };

  const down = (e: PointerEvent<HTMLDivElement>) => {
    if (e.button !== 0 || plot === 0) return;
    e.currentTarget.setPointerCapture(e.pointerId);
    setDrag({ from: at(e), to: at(e) });
  };
  const move = (e: PointerEvent<HTMLDivElement>) => {
    if (plot === 0) return;
    setHover(at(e));
    if (drag) setDrag({ from: drag.from, to: at(e) });
  };
  const up = () => {
    if (drag && Math.abs(x(drag.to) - x(drag.from)) > 4)
      onZoom(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to));
    setDrag(null);
  };
  const hot = hover === null ? undefined : bars.find((b) => hover >= b.ms && hover < b.ms + step);

  return (
    <figure className={classes.figure} aria-label={label}>
      <div
        ref={ref}
        className={classes.area}
        style={{ height }}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={() => setDrag(null)}
        onPointerLeave={() => setHover(null)}
      >
        {width > 0 && (
          <svg width={width} height={height} aria-hidden="true">
            <text x={LEFT - 6} y={11} textAnchor="end" className={classes.axis}>
              {count(max)}
            </text>
            <line x1={LEFT} x2={LEFT + plot} y1={4.5} y2={4.5} className={classes.grid} />
            <line
              x1={LEFT}
              x2={LEFT + plot}
              y1={4 + tall + 0.5}
              y2={4 + tall + 0.5}
              className={classes.base}
            />
            {T.timeTicks(fromMs, toMs, Math.max(2, Math.floor(plot / 90))).map(({ ms, step: s }) => (
              <text key={ms} {...T.tickAnchor(x(ms), width)} y={height - 4} className={classes.axis}>
                {T.tickLabel(ms, s, lang)}
              </text>
            ))}
            {bars.map((b) => {
              const left = Math.max(x(b.ms), LEFT);
              const right = Math.min(x(b.ms + step), LEFT + plot);
              let y = 4 + tall;
              return groups.map((g) => {
                const n = b.counts[g.key] ?? 0;
                if (n === 0 || right <= left) return null;
                const h = Math.max((n / max) * tall, 1);
                y -= h;
                return (
                  <rect
                    key={`${b.ms}${g.key}`}
                    x={left}
                    y={y}
                    width={Math.max(1, right - left - (right - left > 4 ? 1 : 0))}
                    height={h}
                    fill={g.color}
                    opacity={hot && hot !== b ? 0.7 : 1}
                  />
                );
              });
            })}
            {drag && (
              <rect
                x={Math.min(x(drag.from), x(drag.to))}
                y={4}
                width={Math.abs(x(drag.to) - x(drag.from))}
                height={tall}
                className={classes.selection}
              />
            )}
          </svg>
        )}
        {hot && !drag && (
          <div
            className={classes.tip}
            style={x(hot.ms) > width / 2 ? { right: width - x(hot.ms) + 6 } : { left: x(hot.ms + step) + 6 }}
          >
            <div className="dim nowrap">
              {T.shortDate(hot.ms, lang)} {T.clock(hot.ms, step < 1000)} –{' '}
              {T.clock(hot.ms + step, step < 1000)}
            </div>
            {groups
              .filter((g) => hot.counts[g.key])
              .map((g) => (
                <div key={g.key} className={classes.tipRow}>
                  <span className={classes.swatch} style={{ background: g.color }} />
                  {g.label}
                  <span className={classes.tipNumber}>{group(hot.counts[g.key] ?? 0)}</span>
                </div>
              ))}
            {hot.total === 0 && <div>{t.chart.none}</div>}
          </div>
        )}
      </div>
      <table className="visually-hidden">
        <caption>{label}</caption>
        <thead>
          <tr>
            <th>{t.chart.time}</th>
            {groups.map((g) => (
              <th key={g.key}>{g.label}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {bars
            .filter((b) => b.total > 0)
            .map((b) => (
              <tr key={b.ms}>
                <td>{T.full(b.ms, lang, false)}</td>
                {groups.map((g) => (
                  <td key={g.key}>{group(b.counts[g.key] ?? 0)}</td>
                ))}
              </tr>
            ))}
        </tbody>
      </table>
    </figure>
  );
}
