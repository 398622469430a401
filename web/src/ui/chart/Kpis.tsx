// The few numbers that matter most, in one row: each with its change, its course and what
// lies behind it.
import type { ReactNode } from 'react';
import { useI18n } from '~/i18n';
import { exact, say, type Unit } from '~/lib/units';
import { Change } from './Change';
import classes from './chart.module.css';
import { Sparkline } from './Sparkline';

export interface Kpi {
  key: string;
  label: string;
  value: number | null;
  unit: Unit;
  /** before is the number of the day or week before, where one is compared with. */
  before?: number | null | undefined;
  hurts?: 'up' | 'down';
  bad?: boolean;
  course?: readonly (number | null)[];
  courseBefore?: readonly (number | null)[] | undefined;
  color?: string;
  title?: string;
  /** link wraps the number in what opens the rows behind it. */
  link?: (number: ReactNode) => ReactNode;
}

export function Kpis({ items, label }: { items: readonly Kpi[]; label: string }) {
  const { lang } = useI18n();
  return (
    <dl className={classes.kpis} aria-label={label}>
      {items.map((k) => {
        const number = (
          <span className={k.bad ? 'bad' : undefined} title={exact(k.value, k.unit, lang)}>
            {say(k.value, k.unit, lang)}
          </span>
        );
        return (
          <div key={k.key} title={k.title}>
            <dt>{k.label}</dt>
            <dd>
              <span className={classes.figure}>{k.link ? k.link(number) : number}</span>
              {k.before !== undefined && (
                <Change
                  now={k.value}
                  before={k.before}
                  unit={k.unit}
                  {...(k.hurts ? { hurts: k.hurts } : {})}
                />
              )}
              {k.course && (
                <Sparkline
                  values={k.course}
                  before={k.courseBefore}
                  width={88}
                  height={24}
                  {...(k.color ? { color: k.color } : {})}
                />
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
