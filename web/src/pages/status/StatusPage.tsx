import { useQuery } from '@tanstack/react-query';
import { ingestQuery, statusQuery, storageQuery } from '~/api/queries';
import type { IngestStatus, Status } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { ServiceLink } from '~/ui/EntityLink';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { Page } from '~/ui/Page';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { Quarantine, Redactions, Refusals, Sources, Transports } from './Ingest';
import { Jobs } from './Jobs';
import { Disk, Engine, Wal } from './Parts';
import { Processes } from './Processes';
import { Rebuilds } from './Rebuilds';
import { Storage } from './Storage';
import classes from './status.module.css';
import { texts } from './status.texts';

export function StatusPage() {
  const { t } = useI18n();
  const range = useRange();
  const status = useQuery({ ...statusQuery, refetchInterval: range.live ? 10_000 : false });
  const ingest = useQuery(ingestQuery(range.scope));
  const storage = useQuery({ ...storageQuery, staleTime: 60e3 });
  return (
    <Page title={t.status.title}>
      {status.error && !status.data ? (
        <ErrorState error={status.error} retry={() => void status.refetch()} />
      ) : !status.data ? (
        <SkeletonRows rows={6} />
      ) : (
        <>
          <Overall status={status.data} ingest={ingest.data} />
          <div className={classes.cards}>
            <Engine status={status.data} />
            <Wal status={status.data} />
            <Disk status={status.data} />
          </div>
          <Processes status={status.data} />
        </>
      )}
      {ingest.error && !ingest.data ? (
        <ErrorState error={ingest.error} retry={() => void ingest.refetch()} />
      ) : !ingest.data ? (
        <SkeletonRows rows={8} />
      ) : (
        <div className={ingest.isPlaceholderData ? 'stale' : undefined}>
          <Refusals ingest={ingest.data} />
          <Quarantine ingest={ingest.data} />
          <Sources ingest={ingest.data} />
          <Transports ingest={ingest.data} />
          <Redactions ingest={ingest.data} />
        </div>
      )}
      {storage.error && !storage.data ? (
        <ErrorState error={storage.error} retry={() => void storage.refetch()} />
      ) : storage.data ? (
        <Storage days={storage.data.items} />
      ) : (
        <SkeletonRows rows={6} />
      )}
      <Jobs live={range.live} />
      <Rebuilds live={range.live} />
    </Page>
  );
}

/** The one sentence that most people come for, and what is behind it. */
function Overall({ status, ingest }: { status: Status; ingest: IngestStatus | undefined }) {
  const { t, lang } = useI18n();
  const x = useTexts(texts);
  const rate = ingest?.sources.reduce((n, s) => n + s.rows_per_second, 0) ?? 0;
  const fine = status.healthy && status.problems.length === 0;
  return (
    <section
      className={classes.overall}
      data-state={fine ? 'fine' : status.healthy ? 'warn' : 'bad'}
      role="status"
    >
      <span className={classes.mark}>
        <Icon name={fine ? 'ok' : status.healthy ? 'warning' : 'error'} size={22} />
      </span>
      <div>
        <div className={classes.sentence}>
          {fine
            ? ingest && ingest.sources.length === 0
              ? t.status.nothing
              : t.status.fine
            : t.status.problems(F.group(Math.max(1, status.problems.length)))}
        </div>
        {fine && ingest && ingest.sources.length > 0 && (
          <div>{t.status.fineDetail(F.perSecond(rate, lang), F.group(ingest.sources.length))}</div>
        )}
        {ingest?.sources.some((s) => s.own) && (
          <div>
            <ServiceLink service="yagura" env="">
              {x.own}
            </ServiceLink>
          </div>
        )}
        {status.problems.map((p) => (
          <div key={p.text}>
            <strong className={p.severity === 'error' ? 'bad' : 'warn'}>
              {t.status.severity[p.severity] ?? p.severity}
            </strong>{' '}
            {p.text}
          </div>
        ))}
      </div>
      <div className={`dim ${classes.version}`}>
        {t.status.version} {status.version}
        <br />
        {t.status.uptime} {F.duration(Math.max(1, Math.round(status.uptime_ns / 1e9)) * 1e9, lang)}
      </div>
    </section>
  );
}
