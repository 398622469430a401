// What there is to ask: tables, their columns and types. A click writes the name where the
// cursor is.
import { TextInput } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '~/api/client';
import { useTexts } from '~/i18n';
import { count } from '~/lib/format';
import { bare } from '~/lib/table';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { firstRows } from './examples';
import classes from './sql.module.css';
import { texts } from './sql.texts';

export const tablesQuery = queryOptions({
  queryKey: ['sqlTables'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/sql/tables', { signal })),
  staleTime: 300e3,
});

interface Props {
  onInsert: (name: string) => void;
  onAsk: (sql: string) => void;
}

export function Tables({ onInsert, onAsk }: Props) {
  const t = useTexts(texts);
  const q = useQuery(tablesQuery);
  const [find, setFind] = useState('');
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const want = find.trim().toLowerCase();
  const has = (s: string) => s.toLowerCase().includes(want);
  const tables = (q.data?.items ?? [])
    .map((table) => ({
      ...table,
      shown: want === '' || has(table.name) ? table.columns : table.columns.filter((c) => has(c.name)),
    }))
    .filter((table) => want === '' || has(table.name) || table.shown.length > 0);
  return (
    <aside className={classes.tables} aria-label={t.tables}>
      <TextInput
        m={8}
        placeholder={t.findColumn}
        aria-label={t.findColumn}
        leftSection={<Icon name="search" size={14} />}
        value={find}
        onChange={(e) => setFind(e.currentTarget.value)}
      />
      {q.error ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={10} />
      ) : (
        <ul>
          {tables.map((table) => {
            const shown = open.has(table.name) || (want !== '' && !has(table.name));
            return (
              <li key={table.name}>
                <div className={classes.table}>
                  <button
                    type="button"
                    className={`plain ${classes.name}`}
                    aria-expanded={shown}
                    onClick={() => {
                      const next = new Set(open);
                      if (!next.delete(table.name)) next.add(table.name);
                      setOpen(next);
                    }}
                  >
                    <Icon name={shown ? 'down' : 'right'} size={10} />
                    <span className="mono">{table.name}</span>
                    <span className="dim" title={t.rows(count(table.rows))}>
                      {count(table.rows)}
                    </span>
                  </button>
                  <IconButton
                    icon="play"
                    label={t.firstRows(table.name)}
                    onClick={() => onAsk(firstRows(table))}
                  />
                </div>
                {shown && (
                  <ul>
                    {table.shown.map((c) => (
                      <li key={c.name}>
                        <button
                          type="button"
                          className={`plain ${classes.column}`}
                          title={`${c.name} ${c.type}`}
                          aria-label={t.insert(c.name)}
                          onClick={() => onInsert(c.name)}
                        >
                          <span className="mono">{c.name}</span>
                          <span className="dim">{bare(c.type)}</span>
                        </button>
                      </li>
                    ))}
                  </ul>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </aside>
  );
}
