// How long telemetry is kept, what it takes, and what a change would take away.
import { Alert, Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap } from '~/api/client';
import { useT, useTexts } from '~/i18n';
import { bytes } from '~/lib/format';
import { useIsAdmin } from '~/shell/Session';
import { DataTable } from '~/ui/DataTable';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { Archive } from './Archive';
import { Confirm } from './Confirm';
import { RetentionForm } from './RetentionForm';
import { type Rule, retentionQuery } from './retention.queries';
import { texts } from './retention.texts';
import classes from './settings.module.css';

type Texts = (typeof texts)['en'];

/** What a rule is for, in a line. */
export function forWhat(t: Texts, r: { signal: string; service: string; env: string }): string {
  const signal = t.signals[r.signal] ?? r.signal;
  if (!r.service && !r.env) return signal;
  return `${signal}: ${[r.service, r.env && t.inEnv(r.env)].filter(Boolean).join(' ')}`;
}

export function Retention() {
  const t = useTexts(texts);
  const common = useT();
  const admin = useIsAdmin();
  const client = useQueryClient();
  const q = useQuery(retentionQuery);
  const [editing, setEditing] = useState<Rule | 'new' | null>(null);
  const [removing, setRemoving] = useState<Rule | null>(null);
  const renew = () => client.invalidateQueries({ queryKey: ['retention'] });
  const remove = useMutation({
    mutationFn: (id: string) =>
      unwrap(api.DELETE('/api/v1/retention/rules/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      setRemoving(null);
      return renew();
    },
  });
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={5} />;
  const v = q.data;
  return (
    <>
      <div className={classes.head}>
        <p>{t.text}</p>
        {admin && (
          <Button
            style={{ flexShrink: 0 }}
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => setEditing('new')}
          >
            {t.add}
          </Button>
        )}
      </div>
      {v.warnings.map((w) => (
        <Alert key={w} color={v.fits ? 'blue' : 'yellow'} mb="sm" icon={<Icon name="warning" />}>
          {w}
        </Alert>
      ))}
      <p>
        {v.rows_elsewhere
          ? t.totalElsewhere(bytes(v.bytes), bytes(v.full_bytes))
          : t.total(bytes(v.bytes), bytes(v.full_bytes), bytes(v.free_bytes))}{' '}
        {t.quiet(`${String(v.quiet_hour).padStart(2, '0')}:00 UTC`)}
      </p>
      {v.working && <p role="status">{t.working(v.working.day, t.signals[v.working.signal] ?? '')}</p>}
      <div className={classes.table}>
        <DataTable
          caption={t.title}
          rows={v.rules}
          rowKey={(r) => r.id}
          columns={[
            { id: 'signal', header: t.signal, cell: (r) => t.signals[r.signal] ?? r.signal },
            {
              id: 'what',
              header: t.what,
              cell: (r) =>
                r.default ? (
                  <span className="dim">{t.everything}</span>
                ) : (
                  <strong>{[r.service, r.env && t.inEnv(r.env)].filter(Boolean).join(' ')}</strong>
                ),
            },
            { id: 'whole', header: t.whole, numeric: true, cell: (r) => t.days(r.whole_days) },
            {
              id: 'thin',
              header: t.thin,
              cell: (r) =>
                r.thin_days > 0 ? (
                  <>
                    {t.days(r.thin_days)} <span className="dim">({t.share(r.one_in)})</span>
                  </>
                ) : (
                  '–'
                ),
            },
            { id: 'oldest', header: t.oldest, cell: (r) => r.forecast.oldest || '–' },
            {
              id: 'now',
              header: t.now,
              numeric: true,
              cell: (r) => <span title={`${r.forecast.bytes} B`}>{bytes(r.forecast.bytes)}</span>,
            },
            { id: 'day', header: t.perDay, numeric: true, cell: (r) => bytes(r.forecast.day_bytes) },
            {
              id: 'full',
              header: t.full,
              title: t.fullTitle,
              numeric: true,
              cell: (r) => <strong>{bytes(r.forecast.full_bytes)}</strong>,
            },
            {
              id: 'act',
              header: <span className="visually-hidden">{common.table.actions}</span>,
              cell: (r) =>
                admin && (
                  <div className={classes.actions}>
                    <IconButton
                      icon="settings"
                      label={`${t.edit}: ${forWhat(t, r)}`}
                      onClick={() => setEditing(r)}
                    />
                    {(!r.default || r.changed_at) && (
                      <IconButton
                        icon={r.default ? 'refresh' : 'trash'}
                        label={`${r.default ? t.reset : t.remove}: ${forWhat(t, r)}`}
                        onClick={() => setRemoving(r)}
                      />
                    )}
                  </div>
                ),
            },
          ]}
        />
      </div>
      {!admin && <p className="dim">{t.adminOnly}</p>}
      <Archive />
      {editing && (
        <RetentionForm
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
          title={removing.default ? t.reset : t.remove}
          text={t.removeText(forWhat(t, removing))}
          action={removing.default ? t.reset : t.remove}
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
