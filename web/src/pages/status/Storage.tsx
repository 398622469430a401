import type { StorageDay } from '~/api/types';
import { useI18n } from '~/i18n';
import * as F from '~/lib/format';
import { date } from '~/lib/time';
import { DataTable } from '~/ui/DataTable';
import { Scroll } from './Scroll';
import classes from './status.module.css';

export function Storage({ days }: { days: StorageDay[] }) {
  const { t, lang } = useI18n();
  const most = days.reduce((n, d) => Math.max(n, d.bytes), 1);
  // A day is a day of UTC: noon of it falls on that date in nearly every zone.
  const name = (d: string) => date(new Date(`${d}T12:00:00`).getTime(), lang);
  return (
    <section className={classes.section}>
      <h2>{t.status.storage}</h2>
      {days.length === 0 ? (
        <p>{t.status.noStorage}</p>
      ) : (
        <Scroll>
          <DataTable
            caption={t.status.storage}
            rows={days}
            rowKey={(d) => `${d.day} ${d.signal}`}
            columns={[
              { id: 'day', header: t.status.day, cell: (d) => <span className="nowrap">{name(d.day)}</span> },
              { id: 'signal', header: t.status.signal, cell: (d) => t.status.signals[d.signal] ?? d.signal },
              {
                id: 'rows',
                header: t.status.rows,
                numeric: true,
                cell: (d) => <span title={F.group(d.rows)}>{F.count(d.rows)}</span>,
              },
              {
                id: 'bytes',
                header: t.status.size,
                numeric: true,
                cell: (d) => (
                  <span className={classes.sized}>
                    <span className={classes.bar} style={{ width: `${(d.bytes / most) * 120}px` }} />
                    {F.bytes(d.bytes)}
                  </span>
                ),
              },
              {
                id: 'per',
                header: t.status.perRow,
                numeric: true,
                cell: (d) => (d.rows > 0 ? F.bytes(d.bytes / d.rows) : '–'),
              },
              { id: 'parts', header: t.status.parts, numeric: true, cell: (d) => F.group(d.parts) },
            ]}
          />
        </Scroll>
      )}
    </section>
  );
}
