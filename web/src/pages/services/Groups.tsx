// The error groups of a service or an endpoint, the most urgent first.
import { Link } from '@tanstack/react-router';
import { useTexts } from '~/i18n';
import { errorTitle } from '~/lib/errortitle';
import { compare } from '~/lib/filter';
import * as F from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { Change } from '~/ui/chart/Change';
import { Sparkline } from '~/ui/chart/Sparkline';
import type { Column } from '~/ui/DataTable';
import { PageLink } from '~/ui/PageLink';
import { carried, useUrl } from '~/url';
import { texts } from './service.texts';
import classes from './services.module.css';
import type { ErrorGroup } from './services.queries';
import { ShortTable } from './tables';

export function Groups({ rows }: { rows: ErrorGroup[] }) {
  const t = useTexts(texts);
  const { search } = useUrl();
  const { compare: by } = useRange();
  const columns: Column<ErrorGroup>[] = [
    {
      id: 'error',
      header: t.error,
      value: (g) => g.type,
      cell: (g) => (
        <span className={classes.error}>
          <Link
            to="/errors/$service/$group"
            params={{ service: g.service, group: g.id }}
            search={carried(search)}
            className={classes.name}
          >
            {errorTitle(g).title}
          </Link>
          {g.shows !== 'ongoing' && (
            <span className={classes.kind} data-shows={g.shows}>
              {t.shows[g.shows]}
            </span>
          )}
          {errorTitle(g).rest && <span className={classes.message}>{errorTitle(g).rest}</span>}
        </span>
      ),
    },
    {
      id: 'count',
      header: t.count,
      numeric: true,
      value: (g) => g.count,
      cell: (g) => (
        <span className={classes.spark}>
          <Sparkline values={g.trend} color="var(--y-level-error)" />
          <span className={classes.figure}>
            <PageLink
              to={g.signals.includes('spans') || g.signals.length === 0 ? '/traces' : '/logs'}
              search={{ filter: `${compare('service', g.service)} ${compare('error_group', g.id)}` }}
              title={F.group(g.count)}
            >
              {F.count(g.count)}
            </PageLink>
          </span>
          {by && <Change now={g.count} before={g.before ?? 0} unit="count" hurts="up" />}
        </span>
      ),
    },
    {
      id: 'users',
      header: t.users,
      numeric: true,
      value: (g) => g.users,
      cell: (g) => (g.users > 0 ? F.count(g.users) : <span className="dim">–</span>),
    },
    {
      id: 'last',
      header: t.lastSeen,
      numeric: true,
      value: (g) => g.last ?? '',
      cell: (g) => <Ago time={g.last} compact />,
    },
  ];
  return (
    <ShortTable
      caption={t.errors}
      columns={columns}
      rows={rows}
      rowKey={(g) => `${g.service}\u0000${g.id}\u0000${g.env}`}
      empty={t.noErrorGroups}
    />
  );
}
