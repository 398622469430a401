// The most frequent values of the rows found, by key. A click narrows to a value, alt or
// ⌘ click (or the minus) takes it out.
import { useQuery } from '@tanstack/react-query';
import { type MouseEvent, useState } from 'react';
import { facetsQuery, type RowSignal, type Scope } from '~/api/queries';
import type { Facet } from '~/api/types';
import { useT } from '~/i18n';
import * as Fl from '~/lib/filter';
import { count, duration, group } from '~/lib/format';
import { ErrorState, isInvalid } from './ErrorState';
import classes from './facets.module.css';
import { Icon } from './Icon';
import { Level } from './Level';
import { SkeletonRows } from './SkeletonRows';

interface Props {
  signal: RowSignal;
  scope: Scope;
  filter: string;
  onFilter: (text: string) => void;
}

export function Facets({ signal, scope, filter, onFilter }: Props) {
  const t = useT();
  const q = useQuery(facetsQuery(signal, scope, filter));
  if (q.error && !q.data) {
    // What is wrong with a filter stands at the filter and in the list.
    return isInvalid(q.error) ? null : <ErrorState error={q.error} retry={() => void q.refetch()} />;
  }
  if (!q.data) return <SkeletonRows rows={16} />;
  return (
    <div className={q.isPlaceholderData ? 'stale' : undefined}>
      <div className={classes.help}>{t.facets.help}</div>
      {q.data.items
        .filter((f) => f.values.length > 0)
        .map((f) => (
          <Group key={f.key} facet={f} label={f.label} filter={filter} onFilter={onFilter} />
        ))}
    </div>
  );
}

const SHOWN = 6;

function Group({
  facet,
  label,
  filter,
  onFilter,
}: {
  facet: Facet;
  label: string | undefined;
  filter: string;
  onFilter: (t: string) => void;
}) {
  const t = useT();
  const [open, setOpen] = useState(true);
  const [all, setAll] = useState(false);
  const top = Math.max(1, ...facet.values.map((v) => v.count));
  const values = all ? facet.values : facet.values.slice(0, SHOWN);
  const rest = facet.distinct - values.length;
  const pick = (value: string, exclude: boolean) => onFilter(Fl.toggle(filter, facet.key, value, exclude));
  return (
    <section className={classes.group}>
      <button
        type="button"
        className={`plain ${classes.head}`}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <Icon name={open ? 'down' : 'right'} size={10} />
        <span className="ellipsis" title={facet.key}>
          {label ?? facet.key}
        </span>
        <span className={classes.distinct}>{count(facet.distinct)}</span>
      </button>
      {open &&
        values.map((v) => {
          const term = Fl.find(filter, facet.key, v.value);
          const state = term ? (term.negated ? 'out' : 'in') : undefined;
          return (
            <div key={v.value} className={classes.row} data-state={state}>
              <button
                type="button"
                className={`plain ${classes.value}`}
                aria-pressed={state === 'in'}
                title={`${v.value}\n${group(v.count)}`}
                onClick={(e: MouseEvent) => pick(v.value, e.altKey || e.metaKey)}
              >
                <span className={classes.bar} style={{ width: `${(v.count / top) * 100}%` }} />
                <span className={`${classes.text} ellipsis`}>{show(facet.key, v.value)}</span>
                <span className={classes.count}>{count(v.count)}</span>
              </button>
              <button
                type="button"
                className={`plain ${classes.exclude}`}
                aria-label={t.facets.exclude(v.value)}
                title={t.facets.exclude(v.value)}
                aria-pressed={state === 'out'}
                onClick={() => pick(v.value, true)}
              >
                <Icon name="minus" size={11} />
              </button>
            </div>
          );
        })}
      {open && !all && facet.values.length > SHOWN && (
        <button type="button" className={`plain ${classes.more}`} onClick={() => setAll(true)}>
          {t.facets.more}
        </button>
      )}
      {open && (all || facet.values.length <= SHOWN) && rest > 0 && (
        <div className={classes.rest}>{t.facets.rest(count(rest))}</div>
      )}
    </section>
  );
}

function show(key: string, value: string) {
  if (key === 'level') return <Level level={value} />;
  if (key === 'duration' && /^\d+$/.test(value)) return duration(Number(value), 'en');
  return value;
}
