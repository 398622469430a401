import { Button, NativeSelect, SegmentedControl, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { tokensQuery } from '~/api/queries';
import type { Token } from '~/api/types';
import { useT } from '~/i18n';
import { Snippets } from '~/pages/services/NoServices';
import { Ago } from '~/ui/Ago';
import { CopyButton } from '~/ui/CopyButton';
import { DataTable } from '~/ui/DataTable';
import { Dialog } from '~/ui/Dialog';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { Confirm } from './Confirm';
import classes from './settings.module.css';

export function Tokens() {
  const t = useT();
  const client = useQueryClient();
  const q = useQuery(tokensQuery);
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<{ kind: string; secret: string } | null>(null);
  const [removing, setRemoving] = useState<Token | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: tokensQuery.queryKey });
  const remove = useMutation({
    mutationFn: (id: string) => unwrap(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      setRemoving(null);
      return renew();
    },
  });
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={5} />;
  return (
    <>
      <div className={classes.head}>
        <p>{t.settings.tokensText}</p>
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setAdding(true)}>
          {t.settings.addToken}
        </Button>
      </div>
      {q.data.items.length === 0 ? (
        <Empty title={t.settings.noTokens} text={t.settings.noTokensText} />
      ) : (
        <div className={classes.table}>
          <DataTable
            caption={t.settings.tokens}
            rows={q.data.items}
            rowKey={(x) => x.id}
            rowClass={(x) => (x.revoked ? 'dim' : undefined)}
            columns={[
              { id: 'name', header: t.settings.name, cell: (x) => <strong>{x.name}</strong> },
              { id: 'kind', header: t.settings.kind, cell: (x) => t.settings.kinds[x.kind] ?? x.kind },
              {
                id: 'role',
                header: t.settings.role,
                cell: (x) => (x.kind === 'ingest' ? '–' : (t.settings.roles[x.role] ?? x.role)),
              },
              {
                id: 'state',
                header: t.settings.state,
                cell: (x) =>
                  x.revoked ? <span className="warn">{t.settings.revoked}</span> : t.settings.active,
              },
              {
                id: 'used',
                header: t.settings.lastUsed,
                cell: (x) =>
                  x.used ? <Ago time={x.used} /> : <span className="dim">{t.settings.never}</span>,
              },
              {
                id: 'expires',
                header: t.settings.expires,
                cell: (x) =>
                  x.expires ? <Ago time={x.expires} /> : <span className="dim">{t.settings.noExpiry}</span>,
              },
              { id: 'created', header: t.settings.created, cell: (x) => <Ago time={x.created} /> },
              {
                id: 'act',
                header: <span className="visually-hidden">{t.table.actions}</span>,
                cell: (x) =>
                  !x.revoked && (
                    <IconButton
                      icon="trash"
                      label={`${t.settings.deleteToken}: ${x.name}`}
                      onClick={() => setRemoving(x)}
                    />
                  ),
              },
            ]}
          />
        </div>
      )}
      {adding && (
        <AddToken
          onClose={() => setAdding(false)}
          onDone={(made) => {
            setAdding(false);
            setSecret(made);
            void renew();
          }}
        />
      )}
      {secret && <Secret {...secret} onClose={() => setSecret(null)} />}
      {removing && (
        <Confirm
          title={t.settings.deleteToken}
          text={t.settings.deleteTokenText(removing.name)}
          action={t.settings.deleteToken}
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

type Kind = 'ingest' | 'api';
type Role = 'viewer' | 'member' | 'lead' | 'admin';

function AddToken({
  onClose,
  onDone,
}: {
  onClose: () => void;
  onDone: (made: { kind: string; secret: string }) => void;
}) {
  const t = useT();
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Kind>('ingest');
  const [role, setRole] = useState<Role>('viewer');
  const [days, setDays] = useState('');
  const create = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/tokens', {
          body: {
            name: name.trim(),
            kind,
            ...(kind === 'api' ? { role } : {}),
            ...(days ? { expires: new Date(Date.now() + Number(days) * 86400e3).toISOString() } : {}),
          },
        }),
      ),
    onSuccess: (made) => onDone({ kind, secret: made.secret }),
  });
  const error = create.error instanceof ApiError ? create.error : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    create.mutate();
  };
  return (
    <Dialog opened onClose={onClose} title={t.settings.addToken}>
      <form onSubmit={submit} className={classes.group}>
        <SegmentedControl
          aria-label={t.settings.kind}
          value={kind}
          onChange={(v) => setKind(v as Kind)}
          data={(['ingest', 'api'] as const).map((k) => ({ value: k, label: t.settings.kinds[k] ?? k }))}
        />
        <TextInput
          label={t.settings.name}
          description={t.settings.tokenNameHint}
          data-autofocus
          required
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          error={error?.field('name')?.message}
        />
        {kind === 'api' && (
          <NativeSelect
            label={t.settings.role}
            description={t.settings.roleHints[role]}
            value={role}
            onChange={(e) => setRole(e.currentTarget.value as Role)}
            data={(['viewer', 'member', 'lead', 'admin'] as const).map((r) => ({
              value: r,
              label: t.settings.roles[r] ?? r,
            }))}
          />
        )}
        <NativeSelect
          label={t.settings.expires}
          value={days}
          onChange={(e) => setDays(e.currentTarget.value)}
          data={['', '30', '90', '365'].map((d) => ({ value: d, label: t.settings.expiry[d] ?? d }))}
        />
        {error && !error.field('name') && <ErrorState error={error} />}
        <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
          {t.settings.addToken}
        </Button>
      </form>
    </Dialog>
  );
}

/** The secret is shown this once, and stands in everything that can be pasted. */
function Secret({ kind, secret, onClose }: { kind: string; secret: string; onClose: () => void }) {
  const t = useT();
  const curl = `curl -H 'Authorization: Bearer ${secret}' ${location.origin}/api/v1/services`;
  return (
    <Dialog opened onClose={onClose} title={t.settings.secretTitle} size="xl" closeOnClickOutside={false}>
      <p className="warn" style={{ marginTop: 0 }}>
        {t.settings.secretOnce}
      </p>
      <div className={classes.secret}>
        <code>{secret}</code>
        <CopyButton value={secret} text />
      </div>
      {kind === 'ingest' ? (
        <>
          <p>{t.settings.exporter}</p>
          <Snippets token={secret} />
        </>
      ) : (
        <>
          <p>{t.settings.curl}</p>
          <div className={classes.secret}>
            <code>{curl}</code>
            <CopyButton value={curl} text />
          </div>
        </>
      )}
    </Dialog>
  );
}
