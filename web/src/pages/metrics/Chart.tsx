// Lines over time by uPlot: same axis as everything else on the page, gaps as gaps, zoom
// by drag. The legend table beside it is what screen readers read.
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useI18n } from '~/i18n';
import { metricValue } from '~/lib/format';
import type { Aligned } from '~/lib/promql';
import * as T from '~/lib/time';
import { useWidth } from '~/ui/useWidth';
import classes from './metrics.module.css';

const HEIGHT = 320;

interface Props {
  data: Aligned;
  lines: { name: string; color: string; shown: boolean }[];
  log: boolean;
  fromMs: number;
  toMs: number;
  onZoom: (fromMs: number, toMs: number) => void;
  label: string;
}

export function Chart({ data, lines, log, fromMs, toMs, onZoom, label }: Props) {
  const { lang } = useI18n();
  const scheme = useComputedColorScheme('light');
  const [ref, width] = useWidth<HTMLDivElement>();
  const box = useRef<HTMLDivElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  const shape = JSON.stringify([lines, log, scheme, lang]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: shape stands for lines and log
  useEffect(() => {
    const el = box.current;
    if (!el || width === 0 || data.x.length === 0) return;
    const css = getComputedStyle(document.documentElement);
    const color = (name: string) => css.getPropertyValue(name).trim();
    const axis = {
      stroke: color('--y-dim'),
      font: '11px system-ui, sans-serif',
      grid: { stroke: color('--y-line'), width: 1 },
      ticks: { stroke: color('--y-line'), width: 1, size: 4 },
    };
    // A log axis has no place for what is not positive.
    const ys = log ? data.y.map((row) => row.map((v) => (v !== null && v > 0 ? v : null))) : data.y;
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
        scales: {
          x: { time: true, range: [fromMs / 1000, toMs / 1000] },
          y: log ? { distr: 3 } : { range: (_, lo, hi) => rangeOf(lo, hi) },
        },
        axes: [
          {
            ...axis,
            space: 80,
            values: (_, vs) =>
              vs.map((v, i) =>
                T.tickLabel(
                  v * 1000,
                  ((vs[i + 1] ?? v) - (vs[i] ?? v)) * 1000 || ((vs[1] ?? 60) - (vs[0] ?? 0)) * 1000,
                  lang,
                ),
              ),
          },
          { ...axis, size: 62, values: (_, vs) => vs.map((v) => (v === null ? '' : metricValue(v))) },
        ],
        series: [
          {},
          ...lines.map((l) => ({
            label: l.name,
            stroke: l.color,
            width: 1.5,
            show: l.shown,
            points: { show: false },
            spanGaps: false,
          })),
        ],
        hooks: {
          setSelect: [
            (u) => {
              if (u.select.width > 4)
                zoom.current(
                  u.posToVal(u.select.left, 'x') * 1000,
                  u.posToVal(u.select.left + u.select.width, 'x') * 1000,
                );
              u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
            },
          ],
          setCursor: [(u) => showTip(u, tip.current, lines, lang)],
        },
      },
      [data.x, ...ys] as uPlot.AlignedData,
      el,
    );
    return () => plot.destroy();
  }, [data, shape, width, fromMs, toMs]);

  return (
    <div ref={ref} className={classes.chart} role="img" aria-label={label}>
      <div ref={box} style={{ height: HEIGHT }} />
      <div ref={tip} className={classes.tip} hidden />
    </div>
  );
}

function rangeOf(lo: number | null, hi: number | null): [number, number] {
  if (lo === null || hi === null) return [0, 1];
  const from = lo >= 0 && lo < hi * 0.6 ? 0 : lo;
  const pad = (hi - from || Math.abs(hi) || 1) * 0.06;
  return [from === 0 ? 0 : from - pad, hi + pad];
}

/** The values under the cursor, largest first; written as text, never as markup. */
function showTip(u: uPlot, tip: HTMLDivElement | null, lines: Props['lines'], lang: 'en' | 'ja') {
  if (!tip) return;
  const i = u.cursor.idx;
  const left = u.cursor.left ?? -1;
  if (i === null || i === undefined || left < 0) {
    tip.hidden = true;
    return;
  }
  const at = (u.data[0]?.[i] ?? 0) * 1000;
  const rows = lines
    .map((l, k) => ({ l, v: u.data[k + 1]?.[i] }))
    .filter((r): r is { l: Props['lines'][number]; v: number } => r.l.shown && typeof r.v === 'number')
    .sort((a, b) => b.v - a.v)
    .slice(0, 12);
  const head = document.createElement('div');
  head.textContent = T.full(at, lang, false);
  tip.replaceChildren(
    head,
    ...rows.map(({ l, v }) => {
      const row = document.createElement('div');
      const swatch = document.createElement('i');
      swatch.style.background = l.color;
      const name = document.createElement('span');
      name.textContent = l.name;
      const value = document.createElement('b');
      value.textContent = metricValue(v);
      row.append(swatch, name, value);
      return row;
    }),
  );
  tip.hidden = false;
  const offset = u.over.offsetLeft + left;
  const half = u.over.clientWidth / 2;
  tip.style.left = left < half ? `${offset + 14}px` : '';
  tip.style.right = left < half ? '' : `${u.root.clientWidth - offset + 14}px`;
}
