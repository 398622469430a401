// The processes that share the database, when there is more than this one.
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '~/api/client';
import type { Status } from '~/api/types';
import { useT, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import { Confirm } from '~/pages/settings/Confirm';
import { useIsAdmin } from '~/shell/Session';
import { Ago } from '~/ui/Ago';
import { type Column, DataTable } from '~/ui/DataTable';
import { Scroll } from './Scroll';
import classes from './status.module.css';
import type { Process } from './status.queries';
import { texts } from './status.texts';

const inLog = (p: Process) => p.wal.reduce((n, w) => n + (w.blocks > 0 ? w.bytes : 0), 0);

export function Processes({ status }: { status: Status }) {
  const t = useTexts(texts);
  const common = useT();
  const admin = useIsAdmin();
  const client = useQueryClient();
  const [gone, setGone] = useState<Process | null>(null);
  const forget = useMutation({
    mutationFn: (id: string) => unwrap(api.DELETE('/api/v1/processes/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      setGone(null);
      void client.invalidateQueries({ queryKey: ['status'] });
    },
  });
  // One alone that is as it should be has nothing to add to the page.
  if (status.processes.length < 2) return null;
  const columns: Column<Process>[] = [
    {
      id: 'process',
      header: t.process,
      cell: (p) => (
        <>
          <span className="mono" title={p.url ? `${p.id} · ${p.url}` : p.id}>
            {p.host}
          </span>{' '}
          <span className="dim">
            {common.status.pid} {p.pid}
            {p.self && ` · ${t.answers}`}
          </span>
        </>
      ),
    },
    { id: 'role', header: t.role, cell: (p) => t.roles[p.role] ?? p.role },
    { id: 'version', header: t.version, cell: (p) => <span className="mono">{p.version}</span> },
    {
      id: 'state',
      header: t.state,
      cell: (p) => (
        <span className={classes.cause}>
          <span className={p.state === 'alive' ? 'good' : p.state === 'silent' ? 'bad' : 'warn'}>
            {t.states[p.state] ?? p.state}
          </span>
          {p.problems.map((x) => (
            <span key={x.text}> {x.text}</span>
          ))}
        </span>
      ),
    },
    {
      id: 'wal',
      header: t.inWal,
      numeric: true,
      cell: (p) => (p.wal.length === 0 ? '–' : F.bytes(inLog(p))),
    },
    { id: 'seen', header: t.seen, cell: (p) => <Ago time={p.seen_at} /> },
    ...(admin
      ? [
          {
            id: 'act',
            header: <span className="visually-hidden">{t.act}</span>,
            cell: (p: Process) =>
              p.state === 'alive' ? null : (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={t.forgetOf(p.host)}
                  onClick={() => {
                    forget.reset();
                    setGone(p);
                  }}
                >
                  {t.forget}
                </Button>
              ),
          },
        ]
      : []),
  ];
  return (
    <section className={classes.section}>
      <h2>{t.processes}</h2>
      <p>{t.processesText}</p>
      <Scroll>
        <DataTable caption={t.processes} columns={columns} rows={status.processes} rowKey={(p) => p.id} />
      </Scroll>
      {gone && (
        <Confirm
          title={t.forgetTitle(gone.host)}
          text={`${t.forgetText}${inLog(gone) > 0 ? ` ${t.forgetLost(F.bytes(inLog(gone)))}` : ''}`}
          action={t.forgetAction}
          pending={forget.isPending}
          error={forget.error}
          onConfirm={() => forget.mutate(gone.id)}
          onClose={() => setGone(null)}
        />
      )}
    </section>
  );
}
