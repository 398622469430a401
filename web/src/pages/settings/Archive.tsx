// The days in the archive: what is there, what is being done, and bringing a day back.
import { Alert, Button, Group, NumberInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '~/api/client';
import { useT, useTexts } from '~/i18n';
import { bytes, group } from '~/lib/format';
import { useIsAdmin } from '~/shell/Session';
import { Ago } from '~/ui/Ago';
import { DataTable } from '~/ui/DataTable';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { texts } from './archive.texts';
import { type ArchivedDay, type ArchiveWork, archiveQuery } from './retention.queries';
import { texts as retentionTexts } from './retention.texts';
import classes from './settings.module.css';

export function Archive() {
  const t = useTexts(texts);
  const common = useT();
  const { signals } = useTexts(retentionTexts);
  const admin = useIsAdmin();
  const client = useQueryClient();
  const q = useQuery(archiveQuery);
  const [attaching, setAttaching] = useState<ArchivedDay | null>(null);
  const [days, setDays] = useState(7);
  const work = useMutation({
    mutationFn: ({ of, ...body }: Omit<ArchiveWork, 'signal'> & { of: ArchivedDay }) =>
      unwrap(
        api.POST('/api/v1/retention/archive/{day}', {
          params: { path: { day: of.day } },
          body: { ...body, signal: of.signal },
        }),
      ),
    onSuccess: () => {
      setAttaching(null);
      return client.invalidateQueries({ queryKey: ['retention', 'archive'] });
    },
  });
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return null;
  const v = q.data;
  const name = (d: ArchivedDay) => `${d.day} ${signals[d.signal] ?? d.signal}`;
  return (
    <section aria-label={t.title}>
      <h2>{t.title}</h2>
      {v.on ? (
        <p>{t.text}</p>
      ) : (
        <>
          <p>{t.off}</p>
          <pre>{'archive:\n  folder: /mnt/archive/yagura'}</pre>
        </>
      )}
      {v.on && (
        <p className="dim">
          {v.days.length === 0
            ? t.none
            : t.total(t.days(new Set(v.days.map((d) => d.day)).size), group(v.rows), bytes(v.bytes), v.where)}
        </p>
      )}
      {work.error && !attaching && <ErrorState error={work.error} />}
      {v.days
        .filter((d) => d.error)
        .map((d) => (
          <Alert key={name(d)} color="yellow" mb="sm" icon={<Icon name="warning" />}>
            {name(d)}: {d.error}
          </Alert>
        ))}
      {v.days.length > 0 && (
        <div className={classes.table}>
          <DataTable
            caption={t.title}
            rows={v.days}
            rowKey={(d) => d.signal + d.day}
            columns={[
              { id: 'day', header: t.day, cell: (d) => <strong>{d.day}</strong> },
              { id: 'signal', header: t.signal, cell: (d) => signals[d.signal] ?? d.signal },
              { id: 'rows', header: t.rows, numeric: true, cell: (d) => group(d.rows) },
              {
                id: 'size',
                header: t.size,
                numeric: true,
                cell: (d) => <span title={`${d.bytes} B`}>{bytes(d.bytes)}</span>,
              },
              {
                id: 'verified',
                header: t.verified,
                cell: (d) => (d.verified_at ? <Ago time={d.verified_at} /> : '–'),
              },
              {
                id: 'state',
                header: t.state,
                cell: (d) => (
                  <span role={d.wanted ? 'status' : undefined}>
                    {d.wanted
                      ? `${t.wanted[d.wanted] ?? d.wanted}${t.progress(d.done, d.total)}`
                      : d.attached_until
                        ? t.attached(group(d.attached_rows), d.attached_until.slice(0, 10))
                        : t.states[d.state]}
                  </span>
                ),
              },
              {
                id: 'act',
                header: <span className="visually-hidden">{common.table.actions}</span>,
                cell: (d) =>
                  admin &&
                  v.on && (
                    <div className={classes.actions}>
                      {d.wanted ? (
                        <Button
                          size="compact-sm"
                          variant="default"
                          onClick={() => work.mutate({ of: d, what: 'cancel' })}
                        >
                          {t.cancel}
                        </Button>
                      ) : (
                        <>
                          {d.attached_until ? (
                            <Button
                              size="compact-sm"
                              variant="default"
                              onClick={() => work.mutate({ of: d, what: 'detach' })}
                            >
                              {t.detach}
                            </Button>
                          ) : (
                            <Button size="compact-sm" variant="default" onClick={() => setAttaching(d)}>
                              {t.attach}
                            </Button>
                          )}
                          <IconButton
                            icon="check"
                            label={`${t.verify}: ${name(d)}`}
                            onClick={() => work.mutate({ of: d, what: 'verify' })}
                          />
                        </>
                      )}
                    </div>
                  ),
              },
            ]}
          />
        </div>
      )}
      {attaching && (
        <Dialog opened title={`${t.attach}: ${name(attaching)}`} onClose={() => setAttaching(null)}>
          <p>{t.attachText(name(attaching))}</p>
          <NumberInput
            label={t.forDays}
            min={1}
            max={365}
            value={days}
            onChange={(n) => setDays(Number(n) || 1)}
            data-autofocus
          />
          {work.error && <ErrorState error={work.error} />}
          <Group justify="flex-end" mt="md">
            <Button
              loading={work.isPending}
              onClick={() => work.mutate({ of: attaching, what: 'attach', days })}
            >
              {t.attach}
            </Button>
          </Group>
        </Dialog>
      )}
    </section>
  );
}
