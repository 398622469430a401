// A chart as uPlot draws it. This file and uPlot are one chunk, loaded after the first view.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { blend } from '~/lib/colors';
import type { Lang } from '~/lib/format';
import * as T from '~/lib/time';
import { say, type Unit } from '~/lib/units';
import { point } from './cursor';
import {
  AXIS,
  type ChartData,
  gapsOf,
  type Kind,
  LEFT,
  type Mark,
  RIGHT,
  rangeOf,
  stacked,
  type Threshold,
} from './data';

/** What a drawing is of. Everything but data, range and marks is its shape: when that
 * changes the drawing is made anew. */
export interface Drawing {
  data: ChartData;
  fromMs: number;
  toMs: number;
  marks: readonly Mark[];
  kind: Kind;
  unit: Unit;
  log: boolean;
  thresholds: readonly Threshold[];
  hidden: ReadonlySet<string>;
  lang: Lang;
  width: number;
  height: number;
}

export interface Handlers {
  zoom: (fromMs: number, toMs: number) => void;
  /** hover tells the step under the pointer; null when it has left. */
  hover: (index: number | null, left: number) => void;
}

/** colorIn gives what a variable of theme.css stands for now. */
export function colorIn(css: CSSStyleDeclaration, color: string): string {
  const name = /^var\((--[\w-]+)\)$/.exec(color)?.[1];
  return name ? css.getPropertyValue(name).trim() : color;
}

export const markColors: Record<Mark['kind'], string> = {
  release: 'var(--y-info)',
  alert: 'var(--y-warn-mark)',
  incident: 'var(--y-bad)',
  maintenance: 'var(--y-dim)',
  decision: 'var(--y-dim)',
};

/** shapeOf is equal for drawings that differ only in what `update` can change. */
export function shapeOf(d: Drawing): string {
  const { data, fromMs, toMs, marks, hidden, width, height, ...rest } = d;
  return JSON.stringify([
    rest,
    [...hidden].sort(),
    data.stepMs,
    data.series.map((s) => [s.key, s.label, s.color, s.before !== undefined]),
  ]);
}

/** The rows that are drawn, the hindmost first: the time before, then the series; stacks from
 * their top down, each down to the ground, so that what shows of one is its own part. */
function rowsOf(d: Drawing): { rows: (number | null)[][]; keys: { key: string; before: boolean }[] } {
  const shown = d.data.series.filter((s) => !d.hidden.has(s.key));
  const positive = (v: number | null) => (d.log && v !== null && v <= 0 ? null : v);
  const rows: (number | null)[][] = [];
  const keys: { key: string; before: boolean }[] = [];
  const had = shown.filter((s) => s.before);
  if (d.kind === 'line') {
    for (const s of had) {
      rows.push(s.before!.map(positive));
      keys.push({ key: s.key, before: true });
    }
    for (const s of shown) {
      rows.push(s.values.map(positive));
      keys.push({ key: s.key, before: false });
    }
    return { rows, keys };
  }
  const up = stacked(shown.map((s) => s.values));
  for (let i = shown.length - 1; i >= 0; i--) {
    rows.push(up[i]!.map(positive));
    keys.push({ key: shown[i]!.key, before: false });
  }
  // Of a stack only its height before is drawn, over the bars: behind them it would hide.
  const total = stacked(had.map((s) => s.before!)).at(-1);
  if (total) {
    rows.push(total.map(positive));
    keys.push({ key: '', before: true });
  }
  return { rows, keys };
}

const durationSteps = [1, 2, 5].flatMap((m) => Array.from({ length: 11 }, (_, k) => m * 10 ** k));
const longSteps = [15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400].map((s) => s * 1e9);

export function draw(into: HTMLElement, first: Drawing, on: Handlers) {
  let d = first;
  const css = getComputedStyle(document.documentElement);
  const color = (c: string) => colorIn(css, c);
  const axis = {
    stroke: color('var(--y-dim)'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: color('var(--y-line)'), width: 1 },
    ticks: { show: false },
  };
  const { rows, keys } = rowsOf(d);
  const byKey = new Map(d.data.series.map((s) => [s.key, s]));
  const source = {};
  let own = false;
  const bars = uPlot.paths.bars!({ size: [1, Number.POSITIVE_INFINITY, 1], align: 1, gap: 1 });
  const steps = uPlot.paths.stepped!({ align: 1 });
  const lines = uPlot.paths.linear!();
  const ms = (u: uPlot, px: number) => u.posToVal(px, 'x') * 1000;
  const u = new uPlot(
    {
      width: d.width,
      height: d.height,
      padding: [4, RIGHT, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false },
        points: { show: d.kind === 'line', size: 6 },
      },
      scales: {
        x: { time: true, range: () => [d.fromMs / 1000, d.toMs / 1000] },
        y: d.log
          ? { distr: 3, range: (_, lo, hi) => (hi === null ? [1, 10] : uPlot.rangeLog(lo, hi, 10, true)) }
          : { range: (_, lo, hi) => rangeOf(lo, hi, d.kind, d.thresholds) },
      },
      axes: [
        {
          ...axis,
          size: AXIS,
          gap: 4,
          splits: (p) => ticksOf(d, p.over.clientWidth || d.width - LEFT - RIGHT).map((t) => t.ms / 1000),
          values: (p, vs) => {
            const step = ticksOf(d, p.over.clientWidth || d.width - LEFT - RIGHT)[0]?.step ?? 60e3;
            return vs.map((v) => T.tickLabel(v * 1000, step, d.lang));
          },
        },
        {
          ...axis,
          size: LEFT,
          gap: 6,
          // A low chart would else have no label near its top.
          space: d.height < 150 ? 22 : 40,
          ...(d.unit === 'duration' && !d.log
            ? { incrs: [...durationSteps.filter((s) => s <= 10e9), ...longSteps] }
            : {}),
          ...(d.unit === 'count' && !d.log ? { incrs: wholeSteps } : {}),
          values: (_, vs) => vs.map((v) => (v === null ? '' : say(v, d.unit, d.lang))),
        },
      ],
      series: [
        {},
        ...keys.map(({ key, before }): uPlot.Series => {
          const s = byKey.get(key);
          const c = s ? color(s.color) : color('var(--y-text)');
          const line = { spanGaps: false, points: { show: false, ...(before ? {} : { filter: alone }) } };
          if (before)
            return {
              ...line,
              stroke: c,
              alpha: 0.6,
              width: 1.2,
              dash: [4, 4],
              paths: d.kind === 'bars' ? steps : lines,
            };
          if (d.kind === 'bars') return { ...line, fill: c, width: 0, paths: bars, points: { show: false } };
          if (d.kind === 'area')
            return {
              ...line,
              stroke: c,
              fill: blend(color('var(--y-surface)'), c, 0.55),
              width: 1,
              paths: lines,
            };
          return { ...line, stroke: c, width: 1.5, paths: lines };
        }),
      ],
      hooks: {
        drawClear: [(p) => hatch(p, d, color('var(--y-faint)'))],
        draw: [(p) => annotate(p, d, color)],
        setSelect: [
          (p) => {
            if (p.select.width > 4) on.zoom(ms(p, p.select.left), ms(p, p.select.left + p.select.width));
            p.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        setCursor: [
          (p) => {
            const left = p.cursor.left ?? -1;
            const i =
              left < 0 ? null : d.kind === 'bars' ? indexAt(d.data, ms(p, left)) : (p.cursor.idx ?? null);
            const here = left >= 0;
            on.hover(i, left);
            if (here || own) point(here ? ms(p, left) : null, source);
            own = here;
          },
        ],
      },
    },
    [d.data.times.map((t) => t / 1000), ...rows] as uPlot.AlignedData,
    into,
  );
  return {
    source,
    /** update shows new data of the same shape. */
    update(next: Drawing) {
      const size = next.width !== d.width || next.height !== d.height;
      d = next;
      if (size) u.setSize({ width: d.width, height: d.height });
      u.setData([d.data.times.map((t) => t / 1000), ...rowsOf(d).rows] as uPlot.AlignedData);
    },
    /** follow draws the line of the pointer that is on another chart. */
    follow(at: number | null) {
      const left = at === null ? -10 : u.valToPos(at / 1000, 'x');
      u.setCursor({ left: left < 0 || left > u.over.clientWidth ? -10 : left, top: 0 }, false);
    },
    /** leftOf is where the drawing begins within its element. */
    leftOf: () => u.over.offsetLeft,
    destroy: () => u.destroy(),
  };
}

const wholeSteps = Array.from({ length: 16 }, (_, k) => [1, 2, 5].map((m) => m * 10 ** k)).flat();

function ticksOf(d: Drawing, width: number) {
  return T.timeTicks(d.fromMs, d.toMs, Math.max(2, Math.floor(width / 90)));
}

/** A bar reaches from its time to the next. */
function indexAt({ times, stepMs }: ChartData, at: number): number | null {
  const first = times[0];
  if (first === undefined) return null;
  const i = Math.floor((at - first) / stepMs + 1e-9);
  return i >= 0 && i < times.length ? i : null;
}

/** A value between two gaps would not be seen as a line: it is a dot. */
function alone(u: uPlot, seriesIdx: number): number[] {
  const row = u.data[seriesIdx] as (number | null)[];
  const out: number[] = [];
  for (let i = 0; i < row.length; i++)
    if (row[i] !== null && (row[i - 1] ?? null) === null && (row[i + 1] ?? null) === null) out.push(i);
  return out;
}

/** No data is a pattern, not a zero. */
function hatch(u: uPlot, d: Drawing, color: string) {
  const shown = d.data.series.filter((s) => !d.hidden.has(s.key)).map((s) => s.values);
  const { ctx, bbox } = u;
  const px = window.devicePixelRatio;
  for (const [from, to] of gapsOf(d.data.times, d.data.stepMs, shown)) {
    const x0 = Math.max(bbox.left, u.valToPos(from / 1000, 'x', true));
    const x1 = Math.min(bbox.left + bbox.width, u.valToPos(to / 1000, 'x', true));
    if (x1 - x0 < 2 * px) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x0, bbox.top, x1 - x0, bbox.height);
    ctx.clip();
    ctx.strokeStyle = color;
    ctx.lineWidth = px;
    ctx.beginPath();
    for (let x = x0 - bbox.height; x < x1; x += 7 * px) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
  }
}

/** Thresholds across, and what happened down. */
function annotate(u: uPlot, d: Drawing, color: (c: string) => string) {
  const { ctx, bbox } = u;
  const px = window.devicePixelRatio;
  ctx.save();
  ctx.lineWidth = px;
  for (const m of d.marks) {
    const x = Math.round(u.valToPos(m.time / 1000, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = color(markColors[m.kind]);
    ctx.globalAlpha = 0.75;
    ctx.setLineDash([2 * px, 3 * px]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
  ctx.font = `${11 * px}px system-ui, sans-serif`;
  ctx.textAlign = 'right';
  for (const t of d.thresholds) {
    const y = Math.round(u.valToPos(t.value, 'y', true)) + 0.5;
    const above = y < bbox.top;
    ctx.strokeStyle = color('var(--y-bad)');
    ctx.fillStyle = color('var(--y-bad)');
    if (!above && y <= bbox.top + bbox.height) {
      ctx.setLineDash([6 * px, 4 * px]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    const text = `${above ? '↑ ' : ''}${t.label} ${say(t.value, d.unit, d.lang)}`;
    const at = above ? bbox.top + 12 * px : y - 4 * px < bbox.top + 11 * px ? y + 12 * px : y - 4 * px;
    ctx.fillText(text, bbox.left + bbox.width - 4 * px, at);
  }
  ctx.restore();
}
