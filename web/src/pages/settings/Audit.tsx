import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { auditQuery } from '~/api/queries';
import type { AuditEntry } from '~/api/types';
import { useTexts } from '~/i18n';
import { differences } from '~/lib/changes';
import { Ago } from '~/ui/Ago';
import { DataTable } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { texts } from './audit.texts';
import classes from './settings.module.css';

export function Audit() {
  const t = useTexts(texts);
  const q = useInfiniteQuery(auditQuery);
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={10} />;
  const rows = q.data.pages.flatMap((p) => p.items);
  if (rows.length === 0) return <Empty title={t.none} text={t.noneText} />;
  return (
    <>
      <div className={classes.head}>
        <p>{t.text}</p>
      </div>
      <div className={classes.table}>
        <DataTable
          caption={t.title}
          rows={rows}
          rowKey={(e) => e.id}
          columns={[
            { id: 'time', header: t.time, cell: (e) => <Ago time={e.time} /> },
            {
              id: 'who',
              header: t.who,
              cell: (e) =>
                e.actor.kind === 'user' || e.actor.kind === 'token' ? (
                  <>
                    <strong>{e.actor.name || e.actor.id}</strong>{' '}
                    {e.actor.kind === 'token' && <span className="dim">({t.byToken})</span>}
                  </>
                ) : (
                  e.actor.name || t.system
                ),
            },
            {
              id: 'from',
              header: t.from,
              cell: (e) => <span className="mono">{e.addr || '–'}</span>,
            },
            {
              id: 'what',
              header: t.what,
              cell: (e) => <span title={e.action}>{t.actions[e.action] ?? e.action}</span>,
            },
            {
              id: 'subject',
              header: t.subject,
              cell: (e) => <span title={e.subject.id}>{e.subject.name || e.subject.id}</span>,
            },
            { id: 'change', header: t.change, cell: (e) => <Change entry={e} /> },
          ]}
        />
      </div>
      <div className={classes.end}>
        {q.isFetchNextPageError ? (
          <ErrorState error={q.error} retry={() => void q.fetchNextPage()} />
        ) : q.hasNextPage ? (
          <Button variant="default" loading={q.isFetchingNextPage} onClick={() => void q.fetchNextPage()}>
            {t.more}
          </Button>
        ) : (
          t.end
        )}
      </div>
    </>
  );
}

function Change({ entry }: { entry: AuditEntry }) {
  const t = useTexts(texts);
  const say = (v: unknown) =>
    v === undefined || v === null || v === ''
      ? t.empty
      : typeof v === 'boolean'
        ? v
          ? t.yes
          : t.no
        : typeof v === 'string'
          ? v
          : JSON.stringify(v);
  const changed = entry.before !== undefined && entry.after !== undefined;
  const all = differences(entry.before, entry.after);
  if (all.length === 0) return <span className="dim">–</span>;
  return (
    <ul className={classes.changes}>
      {all.map((d) => (
        <li key={d.key}>
          <span className="dim" title={d.key}>
            {d.key
              .split('.')
              .map((k) => t.fields[k] ?? k)
              .join('.')}
            {': '}
          </span>
          {changed ? (
            <>
              <del>{say(d.before)}</del> → <ins>{say(d.after)}</ins>
            </>
          ) : entry.after === undefined ? (
            <del>{say(d.before)}</del>
          ) : (
            say(d.after)
          )}
        </li>
      ))}
    </ul>
  );
}
