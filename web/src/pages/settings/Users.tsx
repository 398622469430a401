import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { usersQuery } from '~/api/queries';
import type { User } from '~/api/types';
import { useT } from '~/i18n';
import { useSession } from '~/shell/Session';
import { Ago } from '~/ui/Ago';
import { DataTable } from '~/ui/DataTable';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { SHORTEST } from './Account';
import { Confirm } from './Confirm';
import classes from './settings.module.css';

type Role = User['role'];
const roles: Role[] = ['operator', 'viewer', 'member', 'lead', 'admin'];

export function Users() {
  const t = useT();
  const session = useSession();
  const client = useQueryClient();
  const q = useQuery(usersQuery);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<User | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: usersQuery.queryKey });
  const patch = useMutation({
    mutationFn: (x: { id: string; role?: Role; disabled?: boolean }) =>
      unwrap(
        api.PATCH('/api/v1/users/{id}', {
          params: { path: { id: x.id } },
          body: {
            ...(x.role ? { role: x.role } : {}),
            ...(x.disabled === undefined ? {} : { disabled: x.disabled }),
          },
        }),
      ),
    onSettled: renew,
  });
  const remove = useMutation({
    mutationFn: (id: string) => unwrap(api.DELETE('/api/v1/users/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      setRemoving(null);
      return renew();
    },
  });
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={5} />;
  const me = session.user?.id;
  return (
    <>
      <div className={classes.head}>
        <p>{t.settings.usersText}</p>
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setAdding(true)}>
          {t.settings.addUser}
        </Button>
      </div>
      {patch.error && <ErrorState error={patch.error} />}
      <div className={classes.table}>
        <DataTable
          caption={t.settings.users}
          rows={q.data.items}
          rowKey={(u) => u.id}
          columns={[
            {
              id: 'name',
              header: t.settings.name,
              cell: (u) => (
                <>
                  <strong>{u.name}</strong> {u.id === me && <span className="dim">({t.settings.you})</span>}
                </>
              ),
            },
            { id: 'email', header: t.settings.email, cell: (u) => u.email },
            {
              id: 'role',
              header: t.settings.role,
              cell: (u) =>
                u.id === me ? (
                  (t.settings.roles[u.role] ?? u.role)
                ) : (
                  <NativeSelect
                    aria-label={`${t.settings.role}: ${u.name}`}
                    value={u.role}
                    w={150}
                    onChange={(e) => patch.mutate({ id: u.id, role: e.currentTarget.value as Role })}
                    data={roles.map((r) => ({ value: r, label: t.settings.roles[r] ?? r }))}
                  />
                ),
            },
            {
              id: 'state',
              header: t.settings.state,
              cell: (u) =>
                u.disabled ? <span className="warn">{t.settings.disabled}</span> : t.settings.active,
            },
            { id: 'seen', header: t.settings.lastSeen, cell: (u) => <Ago time={u.seen} /> },
            { id: 'created', header: t.settings.created, cell: (u) => <Ago time={u.created} /> },
            {
              id: 'act',
              header: <span className="visually-hidden">{t.table.actions}</span>,
              cell: (u) =>
                u.id !== me && (
                  <span className={classes.actions}>
                    <Button
                      variant="default"
                      onClick={() => patch.mutate({ id: u.id, disabled: !u.disabled })}
                    >
                      {u.disabled ? t.settings.enable : t.settings.disable}
                    </Button>
                    <IconButton
                      icon="trash"
                      label={`${t.settings.deleteUser}: ${u.name}`}
                      onClick={() => setRemoving(u)}
                    />
                  </span>
                ),
            },
          ]}
        />
      </div>
      {adding && <AddUser onClose={() => setAdding(false)} onDone={renew} />}
      {removing && (
        <Confirm
          title={t.settings.deleteUser}
          text={t.settings.deleteUserText(removing.name)}
          action={t.settings.deleteUser}
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

function AddUser({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const t = useT();
  const sso = useSession().providers.length > 0;
  const [form, setForm] = useState({ email: '', name: '', role: 'member' as Role, password: '' });
  const create = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/users', { body: form })),
    onSuccess: () => {
      onDone();
      onClose();
    },
  });
  const error = create.error instanceof ApiError ? create.error : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    create.mutate();
  };
  const text = (key: 'email' | 'name' | 'password') => ({
    value: form[key],
    required: true,
    error: error?.field(key)?.message,
    onChange: (e: { currentTarget: { value: string } }) => setForm({ ...form, [key]: e.currentTarget.value }),
  });
  return (
    <Dialog opened onClose={onClose} title={t.settings.addUser}>
      <form onSubmit={submit} className={classes.group}>
        <TextInput label={t.settings.name} data-autofocus {...text('name')} />
        <TextInput label={t.settings.email} type="email" autoComplete="off" {...text('email')} />
        <NativeSelect
          label={t.settings.role}
          description={t.settings.roleHints[form.role]}
          value={form.role}
          onChange={(e) => setForm({ ...form, role: e.currentTarget.value as Role })}
          data={roles.map((r) => ({ value: r, label: t.settings.roles[r] ?? r }))}
        />
        <TextInput
          label={t.settings.initialPassword}
          description={`${t.settings.passwordHint} ${t.settings.initialPasswordHint}`}
          autoComplete="off"
          {...text('password')}
          required={!sso}
        />
        {error && error.fields.length === 0 && <ErrorState error={error} />}
        <Button
          type="submit"
          loading={create.isPending}
          disabled={form.password.length < SHORTEST && !(sso && form.password === '')}
        >
          {t.settings.addUser}
        </Button>
      </form>
    </Dialog>
  );
}
