import * as F from '~/lib/format';
import { PageLink } from '~/ui/PageLink';
import type { Search } from '~/url';
import classes from './errors.module.css';

interface Props {
  title: string;
  items: readonly { value: string; count: number }[];
  empty: string;
  note?: string;
  lang?: string;
  to?: '/traces' | '/logs';
  search: (value: string) => Search;
}

/** How occurrences are spread over values; each leads to its rows. */
export function Tallies({ title, items, empty, note, to = '/traces', search }: Props) {
  const most = Math.max(1, ...items.map((i) => i.count));
  return (
    <section className={classes.box}>
      <h2>{title}</h2>
      {items.length === 0 ? (
        <p className="dim">{empty}</p>
      ) : (
        <ul className={classes.tallies}>
          {items.slice(0, 8).map((i) => (
            <li key={i.value}>
              <span className={classes.part} style={{ width: `${(i.count / most) * 100}%` }} />
              <PageLink to={to} search={search(i.value)} className={classes.value}>
                {i.value}
              </PageLink>
              <span className="num" title={F.group(i.count)}>
                {F.count(i.count)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {note && <p className="dim">{note}</p>}
    </section>
  );
}
