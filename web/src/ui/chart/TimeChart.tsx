// Numbers over the page's time range: lines, stacked areas or bars. All charts of a page have
// one axis and one pointer, a drag zooms the page, what happened is marked on a strip above,
// gaps are hatched, and the day or week before is dashed. A table stands in for the drawing
// where it cannot be seen.
import { lazy, Suspense, useMemo, useRef, useState } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { between } from '~/lib/range';
import * as T from '~/lib/time';
import { exact, say, type Unit } from '~/lib/units';
import { useRange } from '~/shell/RangeContext';
import { useWidth } from '~/ui/useWidth';
import classes from './chart.module.css';
import { type ChartData, type Kind, LEFT, type Series, type Threshold, thinned } from './data';
import { Names } from './Legend';
import { MarkStrip, useMarks } from './Marks';
import { texts } from './texts';

const Plot = lazy(() => import('./Plot'));
const Figures = lazy(() => import('./Figures'));

interface Props {
  /** label says what is drawn, for those who do not see it. */
  label: string;
  data: ChartData;
  unit: Unit;
  kind?: Kind;
  height?: number;
  log?: boolean;
  thresholds?: readonly Threshold[];
  legend?: 'names' | 'table' | 'none';
  /** hurts says which way is bad, for the changes in the table. */
  hurts?: 'up' | 'down';
}

const noThresholds: readonly Threshold[] = [];

export function TimeChart({
  label,
  data,
  unit,
  kind = 'line',
  height = 180,
  log = false,
  thresholds = noThresholds,
  legend = 'names',
  hurts,
}: Props) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { fromMs, toMs, setRange } = useRange();
  const marks = useMarks();
  const [ref, width] = useWidth<HTMLDivElement>();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState<{ index: number; left: number } | null>(null);
  const area = useRef<HTMLDivElement>(null);
  const toggle = (key: string) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };
  const drawing = useMemo(
    () => ({ data, fromMs, toMs, marks, kind, unit, log, thresholds, hidden, lang, width, height }),
    [data, fromMs, toMs, marks, kind, unit, log, thresholds, hidden, lang, width, height],
  );
  const legendProps = { label, series: data.series, unit, hidden, toggle, hurts };
  return (
    <figure className={classes.figureBox} aria-label={label}>
      <div ref={ref}>
        {width > 0 && <MarkStrip fromMs={fromMs} toMs={toMs} width={width} />}
        <div ref={area} className={classes.area} style={{ height }}>
          {width > 0 && (
            <Suspense fallback={<span className="visually-hidden">{t.loading}</span>}>
              <Plot
                drawing={drawing}
                zoom={(a, b) => setRange(between(a, b))}
                hover={(index, left) => setAt(index === null ? null : { index, left })}
              />
            </Suspense>
          )}
          {at && <Tip data={data} kind={kind} unit={unit} hidden={hidden} at={at} width={width} />}
        </div>
      </div>
      {legend === 'names' && <Names {...legendProps} />}
      {legend === 'table' ? (
        <Suspense>
          <Figures {...legendProps} />
        </Suspense>
      ) : (
        <Spoken label={label} data={data} unit={unit} />
      )}
    </figure>
  );
}

/** At most so many lines are named under the pointer, the largest first. */
const NAMED = 12;

interface TipProps {
  data: ChartData;
  kind: Kind;
  unit: Unit;
  hidden: ReadonlySet<string>;
  at: { index: number; left: number };
  width: number;
}

function Tip({ data, kind, unit, hidden, at, width }: TipProps) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { compare } = useRange();
  const ms = data.times[at.index];
  if (ms === undefined) return null;
  const value = (s: Series) => s.values[at.index] ?? null;
  const rows = data.series.filter(
    (s) => !hidden.has(s.key) && (value(s) !== null || s.before?.[at.index] != null),
  );
  // Of stacked counts, only those that are there.
  const named = (kind === 'line' ? rows : rows.filter((s) => value(s) !== 0 || s.before?.[at.index]))
    .sort((a, b) => (kind === 'line' ? (value(b) ?? 0) - (value(a) ?? 0) : 0))
    .slice(0, NAMED);
  const fine = data.stepMs < 1000;
  const x = LEFT + at.left;
  return (
    <div className={classes.tip} style={x > width / 2 ? { right: width - x + 12 } : { left: x + 12 }}>
      <div className="dim nowrap">
        {kind === 'line'
          ? T.full(ms, lang, fine)
          : `${T.shortDate(ms, lang)} ${T.clock(ms, fine)} – ${T.clock(ms + data.stepMs, fine)}`}
      </div>
      {named.map((s) => (
        <div key={s.key}>
          <i style={{ background: s.color }} />
          <span>{s.label}</span>
          <b>{say(value(s), unit, lang)}</b>
          {compare && s.before && (
            <span className="dim">
              {t.before[compare]} {say(s.before[at.index], unit, lang)}
            </span>
          )}
        </div>
      ))}
      {named.length === 0 && <div>{rows.length === 0 ? t.noData : t.noRows}</div>}
    </div>
  );
}

/** A table of more rows than this is not listened to. */
const SPOKEN = 60;

function Spoken({ label, data, unit }: { label: string; data: ChartData; unit: Unit }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { compare } = useRange();
  const columns = data.series.flatMap((s) => [
    { key: s.key, label: s.label, values: s.values },
    ...(compare && s.before
      ? [{ key: `${s.key}\u0000before`, label: `${s.label} (${t.before[compare]})`, values: s.before }]
      : []),
  ]);
  const known = data.times.map((_, i) => i).filter((i) => columns.some((c) => c.values[i]));
  return (
    <table className="visually-hidden">
      <caption>{label}</caption>
      <thead>
        <tr>
          <th scope="col">{t.time}</th>
          {columns.map((c) => (
            <th scope="col" key={c.key}>
              {c.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {thinned(known.length, SPOKEN).map((k) => {
          const i = known[k]!;
          return (
            <tr key={i}>
              <td>{T.full(data.times[i]!, lang, false)}</td>
              {columns.map((c) => (
                <td key={c.key}>{c.values[i] === null ? t.noData : exact(c.values[i], unit, lang)}</td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
