// How a number has changed since the day or week before: "+38 %". It has a colour only when
// it hurts, and then an arrow too.
import { useI18n, useTexts } from '~/i18n';
import { change, say, sayChange, type Unit } from '~/lib/units';
import { useRange } from '~/shell/RangeContext';
import classes from './chart.module.css';
import { texts } from './texts';

/** Below this share of itself a number has not changed to speak of. */
const NOTABLE = 0.1;

interface Props {
  now: number | null | undefined;
  before: number | null | undefined;
  unit: Unit;
  /** hurts says which way is bad: more errors (up), fewer requests (down), neither. */
  hurts?: 'up' | 'down';
}

export function Change({ now, before, unit, hurts }: Props) {
  const { lang } = useI18n();
  const t = useTexts(texts);
  const { compare } = useRange();
  if (!compare) return null;
  const than = t.before[compare];
  const c = change(now, before);
  const title = `${say(now, unit, lang)}`;
  switch (c.kind) {
    case 'unknown':
      return (
        <span className={classes.change} title={t.unknownTitle(than)}>
          –
        </span>
      );
    case 'same':
      return (
        <span className={classes.change} title={t.same(than)}>
          ±0
        </span>
      );
    case 'new':
      return (
        <span className={classes.change} data-hurts={hurts === 'up'} title={t.newTitle(than)}>
          {hurts === 'up' && '▲ '}
          {t.isNew}
        </span>
      );
    case 'gone':
      return (
        <span
          className={classes.change}
          data-hurts={hurts === 'down'}
          title={t.goneTitle(than, say(before, unit, lang))}
        >
          {hurts === 'down' && '▼ '}
          {t.gone}
        </span>
      );
    case 'changed': {
      const bad = hurts !== undefined && hurts === (c.by > 0 ? 'up' : 'down') && Math.abs(c.share) >= NOTABLE;
      const by = sayChange(c, unit);
      return (
        <span
          className={classes.change}
          data-hurts={bad}
          title={t.more(by, than, title, say(before, unit, lang))}
        >
          {bad && (c.by > 0 ? '▲ ' : '▼ ')}
          {by}
        </span>
      );
    }
  }
}
