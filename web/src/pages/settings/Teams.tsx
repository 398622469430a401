import { Button, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { useTexts } from '~/i18n';
import { useIsAdmin } from '~/shell/Session';
import { DataTable } from '~/ui/DataTable';
import { Dialog } from '~/ui/Dialog';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useUrl } from '~/url';
import classes from './settings.module.css';
import { TeamPage } from './Team';
import { teamsQuery } from './teams.queries';
import { texts } from './teams.texts';

export function Teams() {
  const x = useTexts(texts);
  const { search, set } = useUrl();
  const admin = useIsAdmin();
  const q = useQuery(teamsQuery);
  const [adding, setAdding] = useState(false);
  if (search.team) return <TeamPage team={search.team} />;
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={5} />;
  return (
    <>
      <div className={classes.head}>
        <p>{x.teamsText}</p>
        {admin && (
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setAdding(true)}>
            {x.add}
          </Button>
        )}
      </div>
      {q.data.items.length === 0 ? (
        <Empty title={x.none} text={x.noneText} />
      ) : (
        <div className={classes.table}>
          <DataTable
            caption={x.teams}
            rows={q.data.items}
            rowKey={(t) => t.id}
            columns={[
              {
                id: 'name',
                header: x.name,
                cell: (t) => (
                  <>
                    <button type="button" className={classes.link} onClick={() => set({ team: t.id })}>
                      {t.name}
                    </button>{' '}
                    {t.mine && <span className="dim">({x.mine})</span>}
                  </>
                ),
              },
              { id: 'slug', header: x.slug, cell: (t) => <code>{t.slug}</code> },
              { id: 'members', header: x.members, numeric: true, cell: (t) => t.members },
              { id: 'leads', header: x.leads, numeric: true, cell: (t) => t.leads },
              { id: 'products', header: x.products, numeric: true, cell: (t) => t.products },
              { id: 'source', header: x.source, cell: (t) => x.sources[t.origin] ?? t.origin },
            ]}
          />
        </div>
      )}
      {adding && <TeamForm title={x.add} action={x.add} onClose={() => setAdding(false)} />}
    </>
  );
}

/** TeamForm makes a team, or renames one. */
export function TeamForm({
  title,
  action,
  team,
  onClose,
}: {
  title: string;
  action: string;
  team?: { id: string; name: string; slug: string; description: string };
  onClose: () => void;
}) {
  const x = useTexts(texts);
  const client = useQueryClient();
  const [form, setForm] = useState({
    name: team?.name ?? '',
    slug: team?.slug ?? '',
    description: team?.description ?? '',
  });
  const save = useMutation({
    mutationFn: () =>
      team
        ? unwrap(api.PATCH('/api/v1/teams/{team}', { params: { path: { team: team.id } }, body: form }))
        : unwrap(api.POST('/api/v1/teams', { body: form })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: teamsQuery.queryKey });
      onClose();
    },
  });
  const error = save.error instanceof ApiError ? save.error : undefined;
  const text = (key: 'name' | 'slug' | 'description') => ({
    value: form[key],
    error: error?.field(key)?.message,
    onChange: (e: { currentTarget: { value: string } }) => setForm({ ...form, [key]: e.currentTarget.value }),
  });
  return (
    <Dialog opened onClose={onClose} title={title}>
      <form
        className={classes.group}
        onSubmit={(e: FormEvent) => {
          e.preventDefault();
          save.mutate();
        }}
      >
        <TextInput label={x.name} required data-autofocus {...text('name')} />
        <TextInput label={x.slug} description={x.slugHint} {...text('slug')} />
        <TextInput label={x.description} {...text('description')} />
        {save.error && (!error || error.fields.length === 0) && <ErrorState error={save.error} />}
        <Button type="submit" loading={save.isPending}>
          {action}
        </Button>
      </form>
    </Dialog>
  );
}
