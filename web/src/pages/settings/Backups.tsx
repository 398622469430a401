// Backups: those that there are, whether they were read back, one more, and how to restore.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';
import { useI18n, useTexts } from '~/i18n';
import { bytes, count, percent } from '~/lib/format';
import { full } from '~/lib/time';
import { Ago } from '~/ui/Ago';
import { CopyButton } from '~/ui/CopyButton';
import { type Column, DataTable } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { SkeletonRows } from '~/ui/SkeletonRows';
import classes from './backups.module.css';
import { texts } from './backups.texts';

type Backup = components['schemas']['BackupView'];
type Plan = components['schemas']['BackupPlanView'];

const running = (b: Backup) => b.phase === 'verifying' || (!b.finished && b.phase !== 'failed');

export function Backups() {
  const t = useTexts(texts);
  const client = useQueryClient();
  const q = useQuery({
    queryKey: ['backups'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/backups', { signal })),
    // While one is made its progress is looked at; else a scheduled one may begin.
    refetchInterval: (s) => (s.state.data?.items.some(running) ? 1000 : 15_000),
  });
  const plan = useQuery({
    queryKey: ['backupPlan'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/backup-plan', { signal })),
  });
  const renew = () => client.invalidateQueries({ queryKey: ['backups'] });
  const act = useMutation({
    mutationFn: async ({ name, what }: { name?: string; what: 'start' | 'verify' | 'cancel' }) => {
      const params = { params: { path: { name: name ?? '' } } };
      if (what === 'start') await unwrap(api.POST('/api/v1/backups'));
      else if (what === 'verify') await unwrap(api.POST('/api/v1/backups/{name}/verify', params));
      else await unwrap(api.POST('/api/v1/backups/{name}/cancel', params));
    },
    onSettled: renew,
  });
  const items = q.data?.items ?? [];
  const busy = items.some(running) || act.isPending;
  const newest = items.find((b) => b.phase === 'done');
  const columns: Column<Backup>[] = [
    {
      id: 'name',
      header: t.name,
      cell: (b) => (
        <span className="mono nowrap" title={b.path}>
          {b.name}
        </span>
      ),
    },
    { id: 'made', header: t.made, cell: (b) => <Ago time={b.started} /> },
    { id: 'by', header: t.by, cell: (b) => t.byNames[b.by] ?? b.by },
    {
      id: 'size',
      header: t.size,
      numeric: true,
      cell: (b) => (b.phase === 'failed' ? '–' : bytes(b.total_bytes || b.bytes)),
    },
    {
      id: 'rows',
      header: t.rows,
      cell: (b) => (b.phase === 'failed' ? '–' : t.rowsOf(count(b.rows.logs ?? 0), count(b.rows.spans ?? 0))),
    },
    { id: 'state', header: t.state, cell: (b) => <State backup={b} /> },
    {
      id: 'act',
      header: <span className="visually-hidden">{t.verify}</span>,
      cell: (b) =>
        running(b) ? (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => act.mutate({ name: b.name, what: 'cancel' })}
          >
            {t.cancel}
          </Button>
        ) : b.phase === 'done' ? (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={t.verifyOf(b.name)}
            disabled={busy}
            onClick={() => act.mutate({ name: b.name, what: 'verify' })}
          >
            {t.verify}
          </Button>
        ) : null,
    },
  ];
  return (
    <>
      <div className={classes.head}>
        <div>
          <p>{t.intro}</p>
          {plan.data && <PlanLine plan={plan.data} />}
        </div>
        <Button
          leftSection={<Icon name="play" size={14} />}
          disabled={busy || plan.data?.possible === false}
          onClick={() => act.mutate({ what: 'start' })}
        >
          {t.start}
        </Button>
      </div>
      {plan.data?.possible === false && <p className="warn">{t.elsewhere}</p>}
      {act.error && <ErrorState error={act.error} />}
      {q.error ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={4} />
      ) : items.length === 0 ? (
        <Empty title={t.none} text={t.noneText} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys too
        <div className={classes.scroll} tabIndex={0}>
          <DataTable caption={t.title} columns={columns} rows={items} rowKey={(b) => b.name} />
        </div>
      )}
      {[...new Set(items.flatMap((b) => b.missing))].map((m) => (
        <p key={m} className="dim">
          {m}
        </p>
      ))}
      <h2>{t.restore}</h2>
      <p>{t.restoreText}</p>
      <Command
        text={`yagura restore ${newest?.path ?? plan.data?.folder ?? 'yagura-…'} --data-dir /var/lib/yagura-restored`}
      />
    </>
  );
}

function Command({ text }: { text: string }) {
  return (
    <div className={classes.command}>
      <code className="mono">{text}</code>
      <CopyButton value={text} />
    </div>
  );
}

function PlanLine({ plan }: { plan: Plan }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const m = /^(?:daily|weekly (\w+)) (.+)$/.exec(plan.schedule);
  const when = m ? (m[1] ? t.weekly(t.days[m[1]] ?? m[1], m[2]!) : t.daily(m[2]!)) : '';
  return (
    <p className="dim">
      {m ? (
        <>
          {t.plan(when, plan.zone, t.keep(plan.keep))}{' '}
          {plan.next && `${t.next}: ${full(Date.parse(plan.next), lang, false)}`}
        </>
      ) : (
        t.noPlan
      )}
      <br />
      {t.folder}: <span className="mono">{plan.folder}</span>
    </p>
  );
}

function State({ backup: b }: { backup: Backup }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const name = t.phases[b.phase] ?? b.phase;
  if (running(b)) {
    const share = b.total_bytes > 0 ? Math.min(1, b.bytes / b.total_bytes) : undefined;
    return (
      <span className={classes.state} role="status" lang={lang}>
        <progress max={1} value={share} aria-label={name} /> {name}
        {share !== undefined && ` ${percent(share)}`}
      </span>
    );
  }
  if (b.phase === 'failed')
    return (
      <span className="bad">
        <Icon name="error" size={12} /> {name}: {b.error}
      </span>
    );
  if (b.damage)
    return (
      <span className="bad">
        <Icon name="error" size={12} /> {t.damaged}: {b.damage}
      </span>
    );
  return b.verified_at ? (
    <span className={classes.state}>
      <Icon name="ok" size={12} /> {t.verified} <Ago time={b.verified_at} compact />
    </span>
  ) : (
    <span>
      {name} <span className="dim">{t.notVerified}</span>
    </span>
  );
}
