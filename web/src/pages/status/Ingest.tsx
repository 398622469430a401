import { useMemo, useState } from 'react';
import type { IngestStatus } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { compare } from '~/lib/filter';
import * as F from '~/lib/format';
import { Ago } from '~/ui/Ago';
import { CopyButton } from '~/ui/CopyButton';
import { type Column, DataTable } from '~/ui/DataTable';
import { PageLink } from '~/ui/PageLink';
import { useUrl } from '~/url';
import { Scroll } from './Scroll';
import { firstSentence } from './sentence';
import classes from './status.module.css';
import { texts } from './status.texts';

const FIRST = 30;

export function Sources({ ingest }: { ingest: IngestStatus }) {
  const { t, lang } = useI18n();
  const { search, set } = useUrl();
  const [all, setAll] = useState(false);
  type Row = IngestStatus['sources'][number];
  const columns = useMemo<Column<Row>[]>(
    () => [
      {
        id: 'service',
        header: t.status.service,
        value: (s) => s.service,
        cell: (s) =>
          s.signal === 'metrics' ? (
            s.service
          ) : (
            <PageLink
              to={s.signal === 'logs' ? '/logs' : '/traces'}
              search={{ filter: compare('service', s.service), ...(s.env ? { env: s.env } : {}) }}
            >
              {s.service}
            </PageLink>
          ),
      },
      { id: 'env', header: t.status.env, value: (s) => s.env, cell: (s) => s.env || '–' },
      {
        id: 'signal',
        header: t.status.signal,
        value: (s) => s.signal,
        cell: (s) => t.status.signals[s.signal] ?? s.signal,
      },
      {
        id: 'rows',
        header: t.status.rows,
        numeric: true,
        value: (s) => s.rows,
        cell: (s) => <span title={F.group(s.rows)}>{F.count(s.rows)}</span>,
      },
      {
        id: 'rate',
        header: t.status.rate,
        numeric: true,
        value: (s) => s.rows_per_second,
        cell: (s) => F.perSecond(s.rows_per_second, lang),
      },
      {
        id: 'seen',
        header: t.status.lastSeen,
        numeric: true,
        value: (s) => s.last_seen,
        cell: (s) => <Ago time={s.last_seen} />,
      },
    ],
    [t, lang],
  );
  const sorted = useMemo(() => [...ingest.sources].sort((a, b) => b.rows - a.rows), [ingest]);
  const rows = all ? sorted : sorted.slice(0, FIRST);
  return (
    <section className={classes.section}>
      <h2>{t.status.ingest}</h2>
      <p>{ingest.sources.length === 0 ? t.status.noSources : t.status.ingestText}</p>
      {rows.length > 0 && (
        <Scroll>
          <DataTable
            caption={t.status.ingest}
            columns={columns}
            rows={rows}
            rowKey={(s) => `${s.service}\u0000${s.env}\u0000${s.signal}`}
            sort={search.sort ?? ''}
            onSort={(sort) => set({ sort }, { replace: true })}
          />
        </Scroll>
      )}
      {!all && sorted.length > FIRST && (
        <button type="button" className={`plain ${classes.more}`} onClick={() => setAll(true)}>
          {t.status.showMore(F.group(sorted.length))}
        </button>
      )}
    </section>
  );
}

export function Transports({ ingest }: { ingest: IngestStatus }) {
  const { t } = useI18n();
  if (ingest.transports.length === 0) return null;
  return (
    <section className={classes.section}>
      <h2>{t.status.transports}</h2>
      <Scroll>
        <DataTable
          caption={t.status.transports}
          rows={ingest.transports}
          rowKey={(x) => `${x.transport} ${x.signal}`}
          columns={[
            {
              id: 'transport',
              header: t.status.transport,
              cell: (x) => `OTLP/${x.transport === 'grpc' ? 'gRPC' : x.transport.toUpperCase()}`,
            },
            { id: 'signal', header: t.status.signal, cell: (x) => t.status.signals[x.signal] ?? x.signal },
            { id: 'requests', header: t.status.requests, numeric: true, cell: (x) => F.count(x.requests) },
            { id: 'rows', header: t.status.rows, numeric: true, cell: (x) => F.count(x.rows) },
            { id: 'bytes', header: t.status.received, numeric: true, cell: (x) => F.bytes(x.bytes) },
            {
              id: 'refused',
              header: t.status.refused,
              numeric: true,
              cell: (x) => <span className={x.refused > 0 ? 'warn' : 'dim'}>{F.count(x.refused)}</span>,
            },
          ]}
        />
      </Scroll>
    </section>
  );
}

function Example({ text }: { text: string }) {
  if (!text) return <span className="dim">–</span>;
  return (
    <span className={classes.example}>
      <code title={text}>{text}</code>
      <CopyButton value={text} size="xs" />
    </span>
  );
}

/**
 * What happened, and how to mend it. Both are one text of the server's, the same as the
 * guide's; its first sentence says what happened.
 */
function Reason({ refusal: r }: { refusal: IngestStatus['refusals'][number] }) {
  const t = useTexts(texts);
  const [what, mend] = firstSentence(r.text || r.reason);
  return (
    <div className={classes.reason}>
      <span className="warn">{what}</span> {mend}{' '}
      <a href={r.guide} target="_blank" rel="noreferrer" className={classes.guide}>
        {t.guide}
      </a>
    </div>
  );
}

export function Refusals({ ingest }: { ingest: IngestStatus }) {
  const { t } = useI18n();
  return (
    <section className={classes.section}>
      <h2>{t.status.refusals}</h2>
      <p>{ingest.refusals.length === 0 ? t.status.noRefusals : t.status.refusalsText}</p>
      {ingest.refusals.length > 0 && (
        <Scroll>
          <DataTable
            caption={t.status.refusals}
            rows={ingest.refusals}
            rowKey={(r) => `${r.signal} ${r.service} ${r.reason}`}
            columns={[
              {
                id: 'reason',
                header: t.status.reason,
                cell: (r) => <Reason refusal={r} />,
              },
              {
                id: 'outcome',
                header: t.status.outcome,
                cell: (r) =>
                  r.stored ? t.status.storedChanged : r.retried ? t.status.askedAgain : t.status.refusedRows,
              },
              { id: 'service', header: t.status.service, cell: (r) => r.service || '–' },
              { id: 'signal', header: t.status.signal, cell: (r) => t.status.signals[r.signal] ?? r.signal },
              { id: 'count', header: t.status.count, numeric: true, cell: (r) => F.group(r.count) },
              { id: 'last', header: t.status.last, cell: (r) => <Ago time={r.last} /> },
              { id: 'example', header: t.status.example, cell: (r) => <Example text={r.example} /> },
            ]}
          />
        </Scroll>
      )}
    </section>
  );
}

/** How often each redaction rule took something out. */
export function Redactions({ ingest }: { ingest: IngestStatus }) {
  const { t } = useI18n();
  const rows = ingest.redactions.filter((r) => r.count > 0);
  if (rows.length === 0) return null;
  return (
    <section className={classes.section}>
      <h2>{t.status.redactions}</h2>
      <p>{t.status.redactionsText}</p>
      <Scroll>
        <DataTable
          caption={t.status.redactions}
          rows={rows}
          rowKey={(r) => r.rule}
          columns={[
            { id: 'rule', header: t.status.rule, cell: (r) => <span className="mono">{r.rule}</span> },
            { id: 'count', header: t.status.times, numeric: true, cell: (r) => F.group(r.count) },
          ]}
        />
      </Scroll>
    </section>
  );
}

export function Quarantine({ ingest }: { ingest: IngestStatus }) {
  const { t } = useI18n();
  return (
    <section className={classes.section}>
      <h2>{t.status.quarantine}</h2>
      <p>{ingest.quarantine.length === 0 ? t.status.noQuarantine : t.status.quarantineText}</p>
      {ingest.quarantine.length > 0 && (
        <Scroll>
          <DataTable
            caption={t.status.quarantine}
            rows={ingest.quarantine}
            rowKey={(r) => r.id}
            columns={[
              {
                id: 'reason',
                header: t.status.reason,
                cell: (r) => <span className="mono">{r.reason}</span>,
              },
              { id: 'signal', header: t.status.signal, cell: (r) => t.status.signals[r.signal] ?? r.signal },
              { id: 'rows', header: t.status.count, numeric: true, cell: (r) => F.group(r.rows) },
              { id: 'time', header: t.status.last, cell: (r) => <Ago time={r.time} /> },
              { id: 'example', header: t.status.example, cell: (r) => <Example text={r.example} /> },
            ]}
          />
        </Scroll>
      )}
    </section>
  );
}
