// Where notifications go, whether they arrived, and a test message whose end is shown.
import { Button } from '@mantine/core';
import {
  infiniteQueryOptions,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';
import { useT, useTexts } from '~/i18n';
import { Ago } from '~/ui/Ago';
import { DataTable } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { Confirm } from './Confirm';
import { DestinationForm } from './NotificationsForm';
import { texts } from './notifications.texts';
import classes from './settings.module.css';

export type Destination = components['schemas']['DestinationView'];

const destinationsQuery = {
  queryKey: ['notify', 'destinations'],
  queryFn: () => unwrap(api.GET('/api/v1/notify/destinations')),
  refetchInterval: 10_000,
};

const deliveriesQuery = infiniteQueryOptions({
  queryKey: ['notify', 'deliveries'],
  queryFn: ({ pageParam, signal }) =>
    unwrap(
      api.GET('/api/v1/notify/deliveries', {
        params: { query: { limit: 50, ...(pageParam ? { after: pageParam } : {}) } },
        signal,
      }),
    ),
  initialPageParam: '',
  getNextPageParam: (last) => last.next || undefined,
  refetchInterval: 10_000,
});

export function Notifications() {
  const t = useTexts(texts);
  const common = useT();
  const client = useQueryClient();
  const q = useQuery(destinationsQuery);
  const [editing, setEditing] = useState<Destination | 'new' | null>(null);
  const [removing, setRemoving] = useState<Destination | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: ['notify'] });
  const remove = useMutation({
    mutationFn: (id: string) =>
      unwrap(api.DELETE('/api/v1/notify/destinations/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      setRemoving(null);
      return renew();
    },
  });
  const test = useMutation({
    mutationFn: async (d: Destination) => ({
      name: d.name,
      ...(await unwrap(
        api.POST('/api/v1/notify/destinations/{id}/test', { params: { path: { id: d.id } } }),
      )),
    }),
  });
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={5} />;
  const names = new Map(q.data.items.map((d) => [d.id, d.name]));
  return (
    <>
      <div className={classes.head}>
        <p>{t.text}</p>
        <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setEditing('new')}>
          {t.add}
        </Button>
      </div>
      {/* Read out when it comes: the button that was pressed is far from it. */}
      <div role="status">
        {test.data && (
          <p
            className={test.data.ok ? undefined : 'bad'}
            style={{ display: 'flex', alignItems: 'center', gap: 6 }}
          >
            <Icon name={test.data.ok ? 'ok' : 'error'} />{' '}
            {test.data.ok
              ? t.testOk(test.data.name, Math.round(test.data.took_ns / 1e6))
              : `${t.testFailed(test.data.name)} ${test.data.error}`}
          </p>
        )}
      </div>
      {test.error ? <ErrorState error={test.error} /> : null}
      {q.data.items.length === 0 ? (
        <Empty title={t.none} text={t.noneText} />
      ) : (
        <div className={classes.table}>
          <DataTable
            caption={t.title}
            rows={q.data.items}
            rowKey={(d) => d.id}
            rowClass={(d) => (d.disabled ? 'dim' : undefined)}
            columns={[
              {
                id: 'name',
                header: t.name,
                cell: (d) => (
                  <>
                    <strong>{d.name}</strong> {d.disabled && <span className="warn">({t.off})</span>}
                  </>
                ),
              },
              { id: 'kind', header: t.kind, cell: (d) => t.kinds[d.kind] ?? d.kind },
              { id: 'to', header: t.goesTo, cell: (d) => <span className="mono">{goesTo(d)}</span> },
              { id: 'waiting', header: t.waiting, numeric: true, cell: (d) => d.waiting },
              {
                id: 'dead',
                header: t.dead,
                numeric: true,
                cell: (d) => (d.dead > 0 ? <span className="warn">{d.dead}</span> : 0),
              },
              {
                id: 'act',
                header: <span className="visually-hidden">{common.table.actions}</span>,
                cell: (d) => (
                  <div className={classes.actions}>
                    <IconButton
                      icon="play"
                      label={`${t.test}: ${d.name}`}
                      loading={test.isPending && test.variables?.id === d.id}
                      onClick={() => test.mutate(d)}
                    />
                    <IconButton
                      icon="settings"
                      label={`${t.edit}: ${d.name}`}
                      onClick={() => setEditing(d)}
                    />
                    <IconButton
                      icon="trash"
                      label={`${t.remove}: ${d.name}`}
                      onClick={() => setRemoving(d)}
                    />
                  </div>
                ),
              },
            ]}
          />
        </div>
      )}
      <Deliveries names={names} />
      {editing && (
        <DestinationForm
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
          text={t.removeText(removing.name)}
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

/** What people recognise a destination by: secrets by their reference. */
function goesTo({ settings: s }: Destination): string {
  return s.url ?? s.url_secret ?? (s.to ?? []).join(', ');
}

function Deliveries({ names }: { names: Map<string, string> }) {
  const t = useTexts(texts);
  const common = useT();
  const client = useQueryClient();
  const q = useInfiniteQuery(deliveriesQuery);
  const again = useMutation({
    mutationFn: (id: string) =>
      unwrap(api.POST('/api/v1/notify/deliveries/{id}/send', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['notify'] }),
  });
  const rows = q.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <section aria-labelledby="deliveries" className={classes.group} style={{ marginTop: 24 }}>
      <h2 id="deliveries">{t.deliveries}</h2>
      {q.error && !q.data ? <ErrorState error={q.error} retry={() => void q.refetch()} /> : null}
      {again.error ? <ErrorState error={again.error} /> : null}
      {q.data && rows.length === 0 && <p className="dim">{t.noDeliveries}</p>}
      {rows.length > 0 && (
        <div className={classes.table}>
          <DataTable
            caption={t.deliveries}
            rows={rows}
            rowKey={(d) => d.id}
            columns={[
              { id: 'created', header: t.created, cell: (d) => <Ago time={d.created} /> },
              { id: 'to', header: t.goesTo, cell: (d) => names.get(d.destination_id) ?? d.destination_id },
              { id: 'message', header: t.message, cell: (d) => d.title },
              {
                id: 'state',
                header: t.state,
                cell: (d) => (
                  <>
                    <span className={d.state === 'dead' ? 'bad' : undefined}>
                      {t.states[d.state] ?? d.state}
                    </span>
                    {d.error && <div className="dim">{d.error}</div>}
                  </>
                ),
              },
              { id: 'attempts', header: t.attempts, numeric: true, cell: (d) => d.attempts },
              {
                id: 'act',
                header: <span className="visually-hidden">{common.table.actions}</span>,
                cell: (d) =>
                  (d.state === 'dead' || d.state === 'sent') && (
                    <IconButton
                      icon="refresh"
                      label={`${t.again}: ${d.title}`}
                      disabled={again.isPending}
                      onClick={() => again.mutate(d.id)}
                    />
                  ),
              },
            ]}
          />
        </div>
      )}
      {q.hasNextPage && (
        <Button
          variant="default"
          mt="sm"
          loading={q.isFetchingNextPage}
          onClick={() => void q.fetchNextPage()}
        >
          {t.more}
        </Button>
      )}
    </section>
  );
}
