// What the lines of a chart are, as a row of names.
import { useTexts } from '~/i18n';
import type { Unit } from '~/lib/units';
import { useRange } from '~/shell/RangeContext';
import classes from './chart.module.css';
import type { Series } from './data';
import { texts } from './texts';

export interface LegendProps {
  label: string;
  series: readonly Series[];
  unit: Unit;
  hidden: ReadonlySet<string>;
  toggle: (key: string) => void;
  hurts?: 'up' | 'down' | undefined;
}

/** Names shows or hides a series by a press on its name. */
export function Names({ series, hidden, toggle, label }: LegendProps) {
  const t = useTexts(texts);
  const { compare } = useRange();
  return (
    <div className={classes.names} role="group" aria-label={label}>
      {series.map((s) => (
        <button
          key={s.key}
          type="button"
          className="plain"
          aria-pressed={!hidden.has(s.key)}
          title={t.show}
          onClick={() => toggle(s.key)}
        >
          <i style={{ background: s.color }} />
          {s.label}
        </button>
      ))}
      {compare && series.some((s) => s.before) && (
        <span>
          <i className={classes.dashed} />
          {t.before[compare]}
        </span>
      )}
    </div>
  );
}
