// What Yagura does by itself: how each job's last run ended, and when the next is due.
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import { useI18n, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import { useIsAdmin } from '~/shell/Session';
import { Ago } from '~/ui/Ago';
import { type Column, DataTable } from '~/ui/DataTable';
import { ErrorState } from '~/ui/ErrorState';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { Scroll } from './Scroll';
import classes from './status.module.css';
import { isDue, type Job, jobsQuery } from './status.queries';
import { texts } from './status.texts';

/** took is how long the last run that ended was; nothing while the next one runs. */
function took(j: Job): number | undefined {
  if (!j.started || !j.ended || j.running) return undefined;
  const ms = Date.parse(j.ended) - Date.parse(j.started);
  return ms >= 0 ? ms * 1e6 : undefined;
}

export function Jobs({ live }: { live: boolean }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const admin = useIsAdmin();
  const client = useQueryClient();
  const q = useQuery(jobsQuery(live));
  const run = useMutation({
    mutationFn: (name: string) => unwrap(api.POST('/api/v1/jobs/{name}/run', { params: { path: { name } } })),
    onSettled: () => client.invalidateQueries({ queryKey: ['jobs'] }),
  });
  const columns: Column<Job>[] = [
    {
      id: 'job',
      header: t.job,
      cell: (j) => (
        <span title={`${j.name}. ${t.every(F.duration(j.every_ns, lang), j.holder)}`}>{j.title}</span>
      ),
    },
    { id: 'last', header: t.lastRun, cell: (j) => (j.started ? <Ago time={j.started} /> : t.never) },
    {
      id: 'took',
      header: t.took,
      numeric: true,
      cell: (j) => {
        const ns = took(j);
        return ns === undefined ? '–' : F.duration(ns, lang);
      },
    },
    { id: 'outcome', header: t.outcome, cell: (j) => <Outcome job={j} /> },
    {
      id: 'next',
      header: t.next,
      cell: (j) => (j.running ? <span className="dim">–</span> : isDue(j) ? t.due : <Ago time={j.next} />),
    },
    ...(admin
      ? [
          {
            id: 'act',
            header: <span className="visually-hidden">{t.act}</span>,
            cell: (j: Job) => (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={t.runOf(j.title)}
                title={t.asked}
                disabled={j.running || isDue(j)}
                loading={run.isPending && run.variables === j.name}
                onClick={() => run.mutate(j.name)}
              >
                {t.run}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <section className={classes.section}>
      <h2>{t.jobs}</h2>
      <p>{t.jobsText}</p>
      {run.error ? <ErrorState error={run.error} /> : null}
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : q.data ? (
        <Scroll>
          <DataTable caption={t.jobs} columns={columns} rows={q.data.items} rowKey={(j) => j.name} />
        </Scroll>
      ) : (
        <SkeletonRows rows={6} />
      )}
    </section>
  );
}

function Outcome({ job: j }: { job: Job }) {
  const t = useTexts(texts);
  const name = t.outcomes[j.outcome] ?? j.outcome;
  return (
    <>
      {j.running && <span className="nowrap">{t.runningNow}</span>}
      {j.running && j.outcome && j.outcome !== 'ok' && ' · '}
      {j.outcome === 'ok' ? (
        !j.running && name
      ) : j.outcome === 'stopped' ? (
        <span className="dim">{name}</span>
      ) : j.outcome ? (
        <span className={classes.cause}>
          <strong className="bad">{name}</strong>
          {j.failed_runs > 1 && ` (${t.inARow(F.group(j.failed_runs))})`}
          {j.error && `: ${j.error}`}
          {j.last_ok && (
            <span className="dim">
              {' '}
              {t.lastGood} <Ago time={j.last_ok} compact />
            </span>
          )}
        </span>
      ) : (
        !j.running && <span className="dim">–</span>
      )}
    </>
  );
}
