// Repositories: those that there are, whether they can be read and what mends it, and what
// the services are built from.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '~/api/client';
import { useT, useTexts } from '~/i18n';
import { useIsAdmin } from '~/shell/Session';
import { Ago } from '~/ui/Ago';
import { bindingsQuery, type Repository, repositoriesQuery } from '~/ui/code/code.queries';
import { DataTable } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { Confirm } from './Confirm';
import { RepositoryForm } from './RepositoriesForm';
import { RepositoriesServices } from './RepositoriesServices';
import classes from './repositories.module.css';
import { texts } from './repositories.texts';
import settings from './settings.module.css';

export function Repositories() {
  const t = useTexts(texts);
  const common = useT();
  const admin = useIsAdmin();
  const client = useQueryClient();
  const q = useQuery(repositoriesQuery);
  const bindings = useQuery(bindingsQuery);
  const [editing, setEditing] = useState<Repository | 'new' | null>(null);
  const [removing, setRemoving] = useState<Repository | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: ['code'] });
  const check = useMutation({
    mutationFn: (r: Repository) =>
      unwrap(api.PATCH('/api/v1/code/repositories/{id}', { params: { path: { id: r.id } }, body: {} })),
    onSettled: renew,
  });
  const remove = useMutation({
    mutationFn: (id: string) =>
      unwrap(api.DELETE('/api/v1/code/repositories/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      setRemoving(null);
      return renew();
    },
  });
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={6} />;
  const items = q.data.items;
  const add = (
    <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setEditing('new')}>
      {t.add}
    </Button>
  );
  return (
    <>
      {items.length === 0 ? (
        <Empty title={t.none} text={t.noneText}>
          {admin ? add : <p>{t.noneMember}</p>}
          <Needs />
        </Empty>
      ) : (
        <>
          <div className={settings.head}>
            <p>{t.text}</p>
            {admin && add}
          </div>
          {check.error ? <ErrorState error={check.error} /> : null}
          <div className={settings.table}>
            <DataTable
              caption={t.title}
              rows={items}
              rowKey={(r) => r.id}
              columns={[
                { id: 'name', header: t.name, cell: (r) => <strong>{r.name}</strong> },
                { id: 'kind', header: t.kind, cell: (r) => t.kinds[r.kind] },
                {
                  id: 'address',
                  header: t.address,
                  cell: (r) => (
                    <span className={`mono ${classes.address}`}>
                      {r.address}
                      {r.branch && <span className="dim"> @ {r.branch}</span>}
                    </span>
                  ),
                },
                { id: 'state', header: t.state, cell: (r) => <State repository={r} /> },
                { id: 'checked', header: t.checked, cell: (r) => <Ago time={r.checked_at} compact /> },
                ...(admin
                  ? [
                      {
                        id: 'act',
                        header: <span className="visually-hidden">{common.table.actions}</span>,
                        cell: (r: Repository) => (
                          <div className={settings.actions}>
                            <IconButton
                              icon="refresh"
                              label={`${t.check}: ${r.name}`}
                              loading={check.isPending && check.variables?.id === r.id}
                              onClick={() => check.mutate(r)}
                            />
                            <IconButton
                              icon="settings"
                              label={`${t.edit}: ${r.name}`}
                              onClick={() => setEditing(r)}
                            />
                            <IconButton
                              icon="trash"
                              label={`${t.remove}: ${r.name}`}
                              onClick={() => setRemoving(r)}
                            />
                          </div>
                        ),
                      },
                    ]
                  : []),
              ]}
            />
          </div>
          {admin && (
            <details className={classes.needs}>
              <summary>{t.needs}</summary>
              <Needs />
            </details>
          )}
          {bindings.error && !bindings.data ? (
            <ErrorState error={bindings.error} retry={() => void bindings.refetch()} />
          ) : (
            <RepositoriesServices repositories={items} bindings={bindings.data?.items} />
          )}
        </>
      )}
      {editing && (
        <RepositoryForm
          was={editing === 'new' ? null : editing}
          onClose={() => setEditing(null)}
          onDone={() => {
            setEditing(null);
            void renew();
          }}
        />
      )}
      {removing && (
        <Confirm
          title={t.remove}
          text={t.removeText(
            removing.name,
            (bindings.data?.items ?? []).filter((b) => b.repository === removing.id).map((b) => b.service),
          )}
          action={t.remove}
          pending={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate(removing.id)}
          onClose={() => {
            remove.reset();
            setRemoving(null);
          }}
        />
      )}
    </>
  );
}

function State({ repository: r }: { repository: Repository }) {
  const t = useTexts(texts);
  return r.problem ? (
    <div className={classes.problem}>
      <span className="bad">
        <Icon name="error" size={14} /> {t.unreadable}
      </span>
      <div>{r.problem}</div>
    </div>
  ) : (
    <span className={classes.fine}>
      <Icon name="ok" size={14} /> {t.readable}
    </span>
  );
}

function Needs() {
  const t = useTexts(texts);
  return (
    <ul className={classes.list}>
      <li>{t.needGithub}</li>
      <li>
        {t.needLocal}
        <pre className={classes.snippet}>{'code:\n  folders: [/srv/git]'}</pre>
      </li>
      <li>{t.needCommit}</li>
    </ul>
  );
}
