// Groups of errors beside a release: how often since it came, and in the time before.
import { Link } from '@tanstack/react-router';
import { useTexts } from '~/i18n';
import { errorTitle } from '~/lib/errortitle';
import { compare } from '~/lib/filter';
import * as F from '~/lib/format';
import { Ago } from '~/ui/Ago';
import { Sparkline } from '~/ui/chart/Sparkline';
import type { Column } from '~/ui/DataTable';
import { PageLink } from '~/ui/PageLink';
import services from '../services/services.module.css';
import { ShortTable } from '../services/tables';
import type { Effect, GroupEffect } from './releases.queries';
import { texts } from './releases.texts';

interface Props {
  caption: string;
  release: Effect['release'];
  rows: GroupEffect[];
  empty: string;
  gone?: boolean;
}

export function ReleaseGroups({ caption, release: r, rows, empty, gone = false }: Props) {
  const t = useTexts(texts);
  const env = r.env ? { env: r.env } : {};
  // What has gone was before it.
  const range = gone
    ? { from: new Date(Date.parse(r.from) - 86_400e3).toISOString(), to: r.from, ...env }
    : { from: r.from, to: r.to ?? 'now', ...env };
  const columns: Column<GroupEffect>[] = [
    {
      id: 'error',
      header: t.error,
      value: (g) => g.type,
      cell: (g) => (
        <span className={services.error}>
          <Link
            to="/errors/$service/$group"
            params={{ service: r.service, group: g.id }}
            search={range}
            className={services.name ?? ''}
          >
            {errorTitle(g).title}
          </Link>
          {errorTitle(g).rest && <span className={services.message}>{errorTitle(g).rest}</span>}
        </span>
      ),
    },
    {
      id: 'before',
      header: t.countBefore,
      numeric: true,
      value: (g) => g.before,
      cell: (g) => <span title={F.group(g.before)}>{F.count(g.before)}</span>,
    },
    ...(gone
      ? []
      : ([
          {
            id: 'count',
            header: t.countSince,
            numeric: true,
            value: (g) => g.count,
            cell: (g) => (
              <span className={services.spark}>
                <Sparkline values={g.trend} color="var(--y-level-error)" />
                <span className={services.figure}>
                  <PageLink
                    to="/traces"
                    search={{
                      ...range,
                      filter: `${compare('service', r.service)} ${compare('error_group', g.id)}`,
                    }}
                    title={F.group(g.count)}
                  >
                    {F.count(g.count)}
                  </PageLink>
                </span>
              </span>
            ),
          },
        ] satisfies Column<GroupEffect>[])),
    {
      id: 'last',
      header: t.last,
      numeric: true,
      value: (g) => g.last ?? '',
      cell: (g) => <Ago time={g.last} compact />,
    },
  ];
  return <ShortTable caption={caption} columns={columns} rows={rows} rowKey={(g) => g.id} empty={empty} />;
}
