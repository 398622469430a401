// How values are spread over time: time across, value up, the darker (in the dark scheme the
// brighter) the more. The part of a cell that has errors is red from its foot up, so that it
// shows by its shape too. A click on a cell, or a drag over several, asks for what is in it;
// a drag along the time zooms. A table stands in where it cannot be seen.
import { useComputedColorScheme } from '@mantine/core';
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { blend } from '~/lib/colors';
import { count, group, percent } from '~/lib/format';
import { between } from '~/lib/range';
import * as T from '~/lib/time';
import { say, type Unit } from '~/lib/units';
import { useRange } from '~/shell/RangeContext';
import { useWidth } from '~/ui/useWidth';
import classes from './chart.module.css';
import { onPoint, point } from './cursor';
import { AXIS, LEFT, RIGHT, thinned } from './data';
import { type Box, type Cell, columnsOf, type HeatData, scaleOf, snapped, ticksOf } from './heat';
import { MarkStrip } from './Marks';
import { texts } from './texts';

interface Props {
  label: string;
  data: HeatData;
  unit: Unit;
  height?: number;
  /** onSelect opens what is in the box. */
  onSelect?: (box: Box) => void;
}

const TOP = 4;
/** A drag that is shorter is a click; one that is flatter is along the time alone. */
const FEW = 5;
const FLAT = 14;

export function HeatMap({ label, data, unit, height = 180, onSelect }: Props) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { fromMs, toMs, setRange } = useRange();
  const scheme = useComputedColorScheme('light');
  const [ref, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const line = useRef<SVGLineElement>(null);
  const [hover, setHover] = useState<{ x: number; y: number } | null>(null);
  const [drag, setDrag] = useState<{ x0: number; y0: number; x1: number; y1: number } | null>(null);
  const source = useRef({});
  const plot = Math.max(1, width - LEFT - RIGHT);
  const tall = height - AXIS - TOP;
  const scale = useMemo(() => scaleOf(data.cells), [data]);
  const most = useMemo(() => data.cells.reduce((n, c) => Math.max(n, c.count), 0), [data]);
  const x = (ms: number) => LEFT + ((ms - fromMs) / (toMs - fromMs)) * plot;
  const y = (v: number) => TOP + (1 - scale.at(v)) * tall;
  const msAt = (px: number) => fromMs + (Math.min(Math.max(px - LEFT, 0), plot) / plot) * (toMs - fromMs);
  const valueAt = (py: number) => scale.value(1 - Math.min(Math.max(py - TOP, 0), tall) / tall);

  // biome-ignore lint/correctness/useExhaustiveDependencies: x and y are of width, range and scale; scheme is of the colours
  useEffect(() => {
    const el = canvas.current;
    const ctx = el?.getContext('2d');
    if (!el || !ctx || width === 0) return;
    const px = window.devicePixelRatio || 1;
    el.width = Math.round(width * px);
    el.height = Math.round(height * px);
    ctx.scale(px, px);
    const css = getComputedStyle(document.documentElement);
    const [low, high, bad] = ['--y-heat-low', '--y-heat-high', '--y-level-error'].map((v) =>
      css.getPropertyValue(v).trim(),
    ) as [string, string, string];
    ctx.beginPath();
    ctx.rect(LEFT, TOP, plot, tall);
    ctx.clip();
    for (const c of data.cells) {
      const left = x(c.time);
      const right = x(c.time + data.stepMs);
      const top = y(c.upper);
      const foot = y(c.lower);
      const w = Math.max(1, right - left - (right - left > 5 ? 1 : 0));
      const h = Math.max(1, foot - top - (foot - top > 5 ? 1 : 0));
      // By the logarithm, so that one is still seen beside ten thousand.
      ctx.fillStyle = blend(low, high, most > 1 ? Math.log(1 + c.count) / Math.log(1 + most) : 1);
      ctx.fillRect(left, foot - h, w, h);
      if (c.errors) {
        const part = Math.max(Math.min(2, h), (c.errors / c.count) * h);
        ctx.fillStyle = bad;
        ctx.fillRect(left, foot - part, w, part);
      }
    }
  }, [data, scale, most, width, height, fromMs, toMs, scheme]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: x is of width and range
  useEffect(
    () =>
      onPoint((ms, from) => {
        if (from === source.current || !line.current) return;
        line.current.style.display = ms === null || ms < fromMs || ms > toMs ? 'none' : '';
        if (ms !== null) line.current.setAttribute('transform', `translate(${x(ms)} 0)`);
      }),
    [width, fromMs, toMs],
  );

  const local = (e: PointerEvent) => {
    const box = e.currentTarget.getBoundingClientRect();
    return { x: e.clientX - box.left, y: e.clientY - box.top };
  };
  const under = (p: { x: number; y: number }) => {
    const [ms, v] = [msAt(p.x), valueAt(p.y)];
    return data.cells.find((c) => ms >= c.time && ms < c.time + data.stepMs && v >= c.lower && v < c.upper);
  };
  const hot = hover && !drag ? under(hover) : undefined;

  const move = (e: PointerEvent<HTMLDivElement>) => {
    const p = local(e);
    if (drag) setDrag({ ...drag, x1: p.x, y1: p.y });
    setHover(p);
    point(msAt(p.x), source.current);
  };
  const up = () => {
    if (!drag) return;
    setDrag(null);
    const { x0, y0, x1, y1 } = drag;
    const [wide, high] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
    if (onSelect && (wide < FEW || high >= FLAT)) {
      const box = snapped(data, {
        fromMs: msAt(Math.min(x0, x1)),
        toMs: msAt(Math.max(x0, x1)) + 1e-6,
        lower: valueAt(Math.max(y0, y1)),
        upper: valueAt(Math.min(y0, y1)) * (1 + 1e-9),
      });
      if (box) onSelect(box);
    } else if (wide >= FEW) setRange(between(msAt(x0), msAt(x1)));
  };
  const flat = drag && (!onSelect || Math.abs(drag.y1 - drag.y0) < FLAT);

  return (
    <figure className={classes.figureBox} aria-label={label}>
      <div ref={ref}>
        {width > 0 && <MarkStrip fromMs={fromMs} toMs={toMs} width={width} />}
        <div
          className={classes.area}
          style={{ height, cursor: hot && onSelect ? 'pointer' : 'crosshair' }}
          onPointerDown={(e) => {
            if (e.button !== 0) return;
            e.currentTarget.setPointerCapture(e.pointerId);
            const p = local(e);
            setDrag({ x0: p.x, y0: p.y, x1: p.x, y1: p.y });
          }}
          onPointerMove={move}
          onPointerUp={up}
          onPointerCancel={() => setDrag(null)}
          onPointerLeave={() => {
            setHover(null);
            point(null, source.current);
          }}
        >
          {width > 0 && (
            <>
              <svg width={width} height={height} aria-hidden="true">
                {ticksOf(scale, Math.max(2, Math.floor(tall / 32))).map((v) => (
                  <g key={v}>
                    <line x1={LEFT} x2={LEFT + plot} y1={y(v)} y2={y(v)} className={classes.grid} />
                    <text x={LEFT - 6} y={Math.max(10, y(v) + 4)} textAnchor="end" className={classes.axis}>
                      {say(v, unit, lang)}
                    </text>
                  </g>
                ))}
                {T.timeTicks(fromMs, toMs, Math.max(2, Math.floor(plot / 90))).map(({ ms, step }) => (
                  <text key={ms} x={x(ms)} y={height - 6} textAnchor="middle" className={classes.axis}>
                    {T.tickLabel(ms, step, lang)}
                  </text>
                ))}
              </svg>
              <canvas ref={canvas} style={{ width, height }} />
              <svg width={width} height={height} aria-hidden="true">
                <line ref={line} y1={TOP} y2={TOP + tall} stroke="var(--y-dim)" style={{ display: 'none' }} />
                {hot && (
                  <rect
                    x={x(hot.time)}
                    y={y(hot.upper)}
                    width={Math.max(2, x(hot.time + data.stepMs) - x(hot.time))}
                    height={Math.max(2, y(hot.lower) - y(hot.upper))}
                    fill="none"
                    stroke="var(--y-text)"
                    strokeWidth="1.5"
                  />
                )}
                {drag && Math.abs(drag.x1 - drag.x0) >= FEW && (
                  <rect
                    x={Math.min(drag.x0, drag.x1)}
                    width={Math.abs(drag.x1 - drag.x0)}
                    y={flat ? TOP : Math.min(drag.y0, drag.y1)}
                    height={flat ? tall : Math.abs(drag.y1 - drag.y0)}
                    className={classes.selection}
                  />
                )}
              </svg>
            </>
          )}
          {hot && hover && <Tip cell={hot} data={data} unit={unit} x={hover.x} width={width} />}
        </div>
      </div>
      <div className={classes.heatLegend}>
        <span aria-hidden="true">
          {t.heat.few}
          <i className={classes.ramp} />
          {count(most)}
        </span>
        {data.cells.some((c) => c.errors) && (
          <span aria-hidden="true">
            <i className={classes.errorSwatch} />
            {t.heat.error}
          </span>
        )}
        <span>{onSelect ? t.heat.hint : t.heat.zoomHint}</span>
      </div>
      <Spoken label={label} data={data} unit={unit} />
    </figure>
  );
}

interface TipProps {
  cell: Cell;
  data: HeatData;
  unit: Unit;
  x: number;
  width: number;
}

function Tip({ cell: c, data, unit, x, width }: TipProps) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const fine = data.stepMs < 1000;
  const all = data.cells.reduce((n, o) => (o.time === c.time ? n + o.count : n), 0);
  const bounds = !Number.isFinite(c.upper)
    ? t.heat.above(say(c.lower, unit, lang))
    : c.lower <= 0 && c.upper > 0
      ? t.heat.below(say(c.upper, unit, lang))
      : `${say(c.lower, unit, lang)} – ${say(c.upper, unit, lang)}`;
  return (
    <div className={classes.tip} style={x > width / 2 ? { right: width - x + 14 } : { left: x + 14 }}>
      <div className="dim nowrap">
        {T.shortDate(c.time, lang)} {T.clock(c.time, fine)} – {T.clock(c.time + data.stepMs, fine)}
      </div>
      <div>
        <strong>{bounds}</strong>
      </div>
      <div>
        {t.heat.count} <b title={group(c.count)}>{count(c.count)}</b>
        <span className="dim">{t.heat.ofColumn(percent(c.count / all))}</span>
      </div>
      {!!c.errors && (
        <div className="bad">
          {t.heat.errors} <b>{count(c.errors)}</b>
          <span>{percent(c.errors / c.count)}</span>
        </div>
      )}
    </div>
  );
}

const SPOKEN = 60;

function Spoken({ label, data, unit }: { label: string; data: HeatData; unit: Unit }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const columns = useMemo(() => columnsOf(data), [data]);
  return (
    <table className="visually-hidden">
      <caption>{label}</caption>
      <thead>
        <tr>
          {[t.time, t.heat.count, t.heat.errors, t.heat.half, t.heat.most].map((h) => (
            <th scope="col" key={h}>
              {h}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {thinned(columns.length, SPOKEN).map((i) => {
          const c = columns[i]!;
          return (
            <tr key={c.time}>
              <td>{T.full(c.time, lang, false)}</td>
              <td>{count(c.count)}</td>
              <td>{count(c.errors)}</td>
              <td>{say(c.half, unit, lang)}</td>
              <td>{say(c.most, unit, lang)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
