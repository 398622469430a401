// Figures computed anew from the rows: how far, over which range, and one more.
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { useI18n, useT, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import { clock, msOf, shortDate } from '~/lib/time';
import { useRange } from '~/shell/RangeContext';
import { useIsAdmin } from '~/shell/Session';
import { Ago } from '~/ui/Ago';
import { type Column, DataTable } from '~/ui/DataTable';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { Scroll } from './Scroll';
import classes from './status.module.css';
import { type Rebuild, rebuildsQuery } from './status.queries';
import { texts } from './status.texts';

const all = ['requests', 'errors', 'patterns', 'instances'] as const;

export function Rebuilds({ live }: { live: boolean }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const admin = useIsAdmin();
  const client = useQueryClient();
  const [form, setForm] = useState(false);
  const q = useQuery(rebuildsQuery(live));
  const renew = () => client.invalidateQueries({ queryKey: ['rebuilds'] });
  const cancel = useMutation({
    mutationFn: (id: string) => unwrap(api.DELETE('/api/v1/rebuilds/{id}', { params: { path: { id } } })),
    onSettled: renew,
  });
  const minute = (time: string) => `${shortDate(msOf(time), lang)} ${clock(msOf(time)).slice(0, 5)}`;
  const range = (r: Rebuild) => `${minute(r.from)} – ${minute(r.to)}`;
  const columns: Column<Rebuild>[] = [
    {
      id: 'range',
      header: t.range,
      cell: (r) => (
        <span className="nowrap" title={`${r.from} – ${r.to}`}>
          {range(r)}
        </span>
      ),
    },
    {
      id: 'what',
      header: t.what,
      cell: (r) => (
        <>
          {r.what.length === 0 || r.what.length === all.length
            ? t.allFigures
            : r.what.map((w) => t.whats[w] ?? w).join(lang === 'ja' ? '・' : ', ')}
          {r.reshape && <span className="dim"> ({t.reshaped})</span>}
          {r.backfill && <span className="dim"> ({t.backfill})</span>}
        </>
      ),
    },
    { id: 'progress', header: t.progress, cell: (r) => <Progress rebuild={r} /> },
    {
      id: 'rows',
      header: t.rows,
      numeric: true,
      cell: (r) => <span title={F.group(r.rows)}>{F.count(r.rows)}</span>,
    },
    ...(admin
      ? [
          {
            id: 'act',
            header: <span className="visually-hidden">{t.act}</span>,
            cell: (r: Rebuild) =>
              r.finished || r.cancelled ? null : (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-label={t.cancelOf(range(r))}
                  loading={cancel.isPending && cancel.variables === r.id}
                  onClick={() => cancel.mutate(r.id)}
                >
                  {t.cancel}
                </Button>
              ),
          },
        ]
      : []),
  ];
  return (
    <section className={classes.section}>
      <div className={classes.headline}>
        <h2>{t.rebuilds}</h2>
        {admin && (
          <Button size="compact-sm" variant="default" onClick={() => setForm(true)}>
            {t.start}
          </Button>
        )}
      </div>
      <p>
        {t.rebuildsText} {q.data?.items.length === 0 && t.noRebuilds}
      </p>
      {cancel.error ? <ErrorState error={cancel.error} /> : null}
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={2} />
      ) : (
        q.data.items.length > 0 && (
          <Scroll>
            <DataTable caption={t.rebuilds} columns={columns} rows={q.data.items} rowKey={(r) => r.id} />
          </Scroll>
        )
      )}
      {form && (
        <RebuildForm
          onClose={() => setForm(false)}
          onDone={() => {
            setForm(false);
            void renew();
          }}
        />
      )}
    </section>
  );
}

function Progress({ rebuild: r }: { rebuild: Rebuild }) {
  const t = useTexts(texts);
  const share = F.percent(r.done);
  if (!r.finished)
    return (
      <span className={classes.running}>
        <progress max={1} value={r.done} aria-label={t.progress} /> {share}
        <span className={r.error ? 'warn' : 'dim'}>
          {r.error ? `${t.retried}: ${r.error}` : r.cancelled ? t.cancelled : t.waiting}
        </span>
      </span>
    );
  return (
    <>
      {r.cancelled ? (
        <span className="dim">
          {t.cancelled} ({share})
        </span>
      ) : r.error ? (
        <span className={classes.cause}>
          <strong className="bad">{t.failed}</strong> ({share}): {r.error}
        </span>
      ) : (
        t.done
      )}{' '}
      <Ago time={r.finished} compact />
    </>
  );
}

function RebuildForm({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const t = useTexts(texts);
  const common = useT().common;
  const { raw } = useRange();
  const [from, setFrom] = useState(String(raw.from));
  const [to, setTo] = useState(raw.to === 'now' ? '' : String(raw.to));
  const [what, setWhat] = useState<string[]>([...all]);
  const [reshape, setReshape] = useState(false);
  const start = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/rebuilds', {
          body: {
            from: from.trim(),
            ...(to.trim() ? { to: to.trim() } : {}),
            ...(what.length < all.length ? { what: all.filter((w) => what.includes(w)) } : {}),
            ...(reshape ? { reshape } : {}),
          },
        }),
      ),
    onSuccess: onDone,
  });
  const error = start.error instanceof ApiError ? start.error : undefined;
  const wrong = { from: error?.field('from')?.message, to: error?.field('to')?.message };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    start.mutate();
  };
  return (
    <Dialog opened onClose={onClose} title={t.startTitle}>
      <form className={classes.form} onSubmit={submit}>
        <div>{t.startText}</div>
        <div className={classes.pair}>
          <TextInput
            label={t.from}
            description={t.fromHint}
            value={from}
            onChange={(e) => setFrom(e.currentTarget.value)}
            error={wrong.from}
            required
            data-autofocus
          />
          <TextInput
            label={t.to}
            description={t.toHint}
            value={to}
            onChange={(e) => setTo(e.currentTarget.value)}
            error={wrong.to}
          />
        </div>
        <Checkbox.Group label={t.what} value={what} onChange={setWhat}>
          <div className={classes.form} style={{ gap: 6, marginTop: 4 }}>
            {all.map((w) => (
              <Checkbox key={w} value={w} label={t.whats[w]} />
            ))}
          </div>
        </Checkbox.Group>
        <Checkbox label={t.reshape} checked={reshape} onChange={(e) => setReshape(e.currentTarget.checked)} />
        {start.error && !wrong.from && !wrong.to ? <ErrorState error={start.error} /> : null}
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            {common.cancel}
          </Button>
          <Button type="submit" loading={start.isPending} disabled={!from.trim() || what.length === 0}>
            {t.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
