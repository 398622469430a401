import { Button, Menu } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useI18n, useTexts } from '~/i18n';
import { errorTitle } from '~/lib/errortitle';
import * as F from '~/lib/format';
import * as T from '~/lib/time';
import { Ago } from '~/ui/Ago';
import { Change as Changed } from '~/ui/chart/Change';
import { Sparkline } from '~/ui/chart/Sparkline';
import { type Column, DataTable } from '~/ui/DataTable';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { PageLink } from '~/ui/PageLink';
import { carried, useUrl } from '~/url';
import { type Asked, Assign } from './Actions';
import { Badge } from './Badge';
import classes from './errors.module.css';
import type { Change, ErrorGroup } from './errors.queries';
import { texts } from './errors.texts';

/** by is what the columns sort by. */
export const by: Record<string, (g: ErrorGroup) => number | string> = {
  error: (g) => g.type,
  service: (g) => g.service,
  count: (g) => g.count,
  users: (g) => g.users,
  seen: (g) => T.msOf(g.last ?? '') || 0,
  assignee: (g) => g.state.assignee?.name ?? '',
};

interface Props {
  rows: ErrorGroup[];
  at: number;
  keyOf: (g: ErrorGroup) => string;
  decides: boolean;
  assigning: string | null;
  onAssigning: (key: string | null) => void;
  onChange: (g: ErrorGroup, c: Change) => void;
  onAsk: (g: ErrorGroup, what: Asked) => void;
  onOpen: (g: ErrorGroup) => void;
}

export function InboxTable(p: Props) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { search, set } = useUrl();
  const now = Date.now();
  const columns: Column<ErrorGroup>[] = [
    { id: 'shows', header: t.states, cell: (g) => <Badge shows={g.shows} /> },
    {
      id: 'error',
      header: t.error,
      width: '46%',
      value: by.error!,
      cell: (g) => (
        <Link
          to="/errors/$service/$group"
          params={{ service: g.service, group: g.id }}
          search={carried(search)}
          className={classes.error ?? ''}
        >
          <strong>{errorTitle(g).title || t.error}</strong>
          <span className={classes.message}>{errorTitle(g).rest}</span>
          {g.frame && <span className={`mono ${classes.frame}`}>{g.frame}</span>}
        </Link>
      ),
    },
    {
      id: 'service',
      header: t.service,
      value: by.service!,
      cell: (g) => (
        <>
          <PageLink to="/errors" search={{ service: g.service }} className="nowrap">
            {g.service}
          </PageLink>
          <div className="dim">{g.env}</div>
        </>
      ),
    },
    {
      id: 'count',
      header: t.count,
      numeric: true,
      value: by.count!,
      cell: (g) => (
        <span className={classes.count}>
          <Sparkline values={g.trend} color="var(--y-level-error)" width={84} height={24} />
          <span className={classes.figure} title={F.group(g.count)}>
            {F.count(g.count)}
            {g.before !== undefined && <Changed now={g.count} before={g.before} unit="count" hurts="up" />}
          </span>
        </span>
      ),
    },
    {
      id: 'users',
      header: t.users,
      title: t.usersHint,
      numeric: true,
      value: by.users!,
      cell: (g) => (g.users > 0 ? F.count(g.users) : <span className="dim">–</span>),
    },
    {
      id: 'seen',
      header: t.seen,
      numeric: true,
      value: by.seen!,
      cell: (g) => (
        <>
          <Ago time={g.last} compact />
          {g.first_ever && (
            <div className="dim nowrap" title={T.full(T.msOf(g.first_ever), lang)}>
              {t.firstSeen(T.relative(T.msOf(g.first_ever), now, lang))}
            </div>
          )}
        </>
      ),
    },
    {
      id: 'versions',
      header: t.versions,
      cell: (g) => (
        <span className="mono nowrap" title={g.versions.map((v) => `${v.value}: ${v.count}`).join('\n')}>
          {g.versions[0]?.value || '–'}
          {g.versions.length > 1 && <span className="dim"> +{g.versions.length - 1}</span>}
        </span>
      ),
    },
    {
      id: 'assignee',
      header: t.assignee,
      value: by.assignee!,
      cell: (g) => (
        <div className={classes.rowActions}>
          {p.decides ? (
            <Assign
              group={g}
              onChange={(c) => p.onChange(g, c)}
              {...(p.assigning === p.keyOf(g) ? { opened: true, onClose: () => p.onAssigning(null) } : {})}
            >
              <Button
                size="compact-xs"
                variant="subtle"
                aria-label={`${g.state.assignee?.name ?? t.nobody} · ${t.assign}: ${g.type}`}
                leftSection={<Icon name="person" size={12} />}
              >
                {g.state.assignee?.name ?? <span className="dim">{t.nobody}</span>}
              </Button>
            </Assign>
          ) : (
            (g.state.assignee?.name ?? <span className="dim">{t.nobody}</span>)
          )}
          {p.decides &&
            (g.state.status === 'open' ? (
              <>
                <Menu position="bottom-end">
                  <Menu.Target>
                    <IconButton icon="check" label={`${t.resolve}: ${g.type}`} size="sm" />
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item onClick={() => p.onChange(g, { status: 'resolved', mended: 'now' })}>
                      {t.resolveNow}
                    </Menu.Item>
                    <Menu.Item onClick={() => p.onChange(g, { status: 'resolved', mended: 'next' })}>
                      {t.resolveNext}
                    </Menu.Item>
                    <Menu.Item onClick={() => p.onAsk(g, 'version')}>{t.resolveIn}</Menu.Item>
                  </Menu.Dropdown>
                </Menu>
                <IconButton
                  icon="minus"
                  label={`${t.ignore}: ${g.type}`}
                  size="sm"
                  onClick={() => p.onAsk(g, 'ignore')}
                />
              </>
            ) : (
              <IconButton
                icon="refresh"
                label={`${t.reopen}: ${g.type}`}
                size="sm"
                onClick={() => p.onChange(g, { status: 'open' })}
              />
            ))}
        </div>
      ),
    },
  ];
  return (
    <DataTable
      caption={t.title}
      columns={columns}
      rows={p.rows}
      rowKey={p.keyOf}
      sort={search.sort ?? ''}
      onSort={(sort) => set({ sort }, { replace: true })}
      rowClass={() => classes.row}
      rowProps={(_, i) => ({ 'data-current': i === p.at })}
    />
  );
}
