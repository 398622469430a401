import type { ReactNode } from 'react';
import type { Status } from '~/api/types';
import { useI18n } from '~/i18n';
import * as F from '~/lib/format';
import { share } from '~/lib/services';
import { Ago } from '~/ui/Ago';
import { DataTable } from '~/ui/DataTable';
import { Scroll } from './Scroll';
import classes from './status.module.css';

function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className={classes.facts}>
      {rows.map(([k, v]) => (
        <div key={k}>
          <dt>{k}</dt>
          <dd>{v}</dd>
        </div>
      ))}
    </dl>
  );
}

interface MeterProps {
  part: number;
  whole: number;
  label: string;
  /** text writes the share, where a bare number leaves open what it counts. */
  text?: (share: number) => string;
}

/** A share of something limited, as a bar with its number. Amber from 80 %, red from 95 %. */
export function Meter({ part, whole, label, text = F.percent }: MeterProps) {
  const s = share(part, whole);
  return (
    <span className={classes.meter}>
      <span
        className={classes.track}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(s * 100)}
      >
        <span
          data-state={s >= 0.95 ? 'bad' : s >= 0.8 ? 'warn' : 'fine'}
          style={{ width: `${Math.min(100, s * 100)}%` }}
        />
      </span>
      <span className="num">{text(s)}</span>
    </span>
  );
}

export function Engine({ status }: { status: Status }) {
  const { t } = useI18n();
  const e = status.engine;
  return (
    <section className={classes.card}>
      <h2>{t.status.engine}</h2>
      <div className={e.phase === 'ready' ? 'good' : 'bad'} style={{ fontWeight: 600 }}>
        {t.status.phases[e.phase] ?? e.phase}{' '}
        <span className="dim">({e.kind === 'remote' ? t.status.remote : t.status.embedded})</span>
      </div>
      <Facts
        rows={[
          [t.status.since, <Ago key="s" time={e.since} />],
          [
            t.status.restarts,
            <span key="r" className={e.restarts > 0 ? 'warn' : ''}>
              {F.group(e.restarts)}
            </span>,
          ],
          ...(e.rss_bytes ? ([[t.status.memory, F.bytes(e.rss_bytes)]] as [string, ReactNode][]) : []),
          ...(e.pid ? ([[t.status.pid, e.pid]] as [string, ReactNode][]) : []),
          ...(e.last_error
            ? ([
                [
                  t.status.lastError,
                  <span key="e" className="mono">
                    {e.last_error}
                  </span>,
                ],
              ] as [string, ReactNode][])
            : []),
        ]}
      />
    </section>
  );
}

export function Wal({ status }: { status: Status }) {
  const { t, lang } = useI18n();
  return (
    <section className={classes.card}>
      <h2>{t.status.wal}</h2>
      <div className="dim">{t.status.walText}</div>
      <Scroll>
        <DataTable
          caption={t.status.wal}
          rows={status.wal}
          rowKey={(w) => w.signal}
          columns={[
            { id: 'signal', header: t.status.signal, cell: (w) => t.status.signals[w.signal] ?? w.signal },
            {
              id: 'lag',
              header: t.status.lag,
              numeric: true,
              cell: (w) =>
                w.blocks > 0 ? (
                  <span className={w.lag_ns > 30e9 ? 'warn' : ''}>{F.duration(w.lag_ns, lang)}</span>
                ) : (
                  '–'
                ),
            },
            { id: 'bytes', header: t.status.size, numeric: true, cell: (w) => F.bytes(w.bytes) },
            {
              id: 'fill',
              header: t.status.fill,
              cell: (w) => (
                <Meter part={w.bytes} whole={w.limit_bytes} label={`${t.status.wal}: ${w.signal}`} />
              ),
            },
          ]}
        />
      </Scroll>
    </section>
  );
}

export function Disk({ status }: { status: Status }) {
  const { t } = useI18n();
  const d = status.disk;
  return (
    <section className={classes.card}>
      <h2>{t.status.disk}</h2>
      <Meter
        part={d.total_bytes - d.free_bytes}
        whole={d.total_bytes}
        label={t.status.disk}
        text={(s) => t.status.used(F.percent(s))}
      />
      <Facts
        rows={[
          [t.status.free, F.bytes(d.free_bytes)],
          [t.status.total, F.bytes(d.total_bytes)],
        ]}
      />
    </section>
  );
}
