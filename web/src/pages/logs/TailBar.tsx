import { useT } from '~/i18n';
import { group } from '~/lib/format';
import classes from './logs.module.css';
import type { Tail } from './useTail';

export function TailBar({ tail }: { tail: Tail }) {
  const t = useT();
  return (
    <div className={classes.tail} data-state={tail.state} role="status">
      <span className={classes.pulse} />
      {tail.state === 'open'
        ? t.logs.tailOpen
        : tail.state === 'lost'
          ? t.logs.tailLost
          : t.logs.tailConnecting}
      <span className="dim">{t.logs.tailRows(group(tail.rows.length))}</span>
      {tail.dropped > 0 && <span className="warn">{t.logs.dropped(group(tail.dropped))}</span>}
    </div>
  );
}
