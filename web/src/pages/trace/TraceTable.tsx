// The spans as a plain table, a page at a time: for screen readers, and for everyone who
// wants to read numbers.
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { Trace, TraceSpan } from '~/api/types';
import { useI18n } from '~/i18n';
import * as F from '~/lib/format';
import { isLog } from '~/lib/waterfall';
import { type Column, DataTable } from '~/ui/DataTable';
import { useUrl } from '~/url';
import classes from './trace.module.css';

const SIZE = 200;

interface Item {
  span: TraceSpan;
  index: number;
}

export function TraceTable({
  trace,
  rows,
  onOpen,
}: {
  trace: Trace;
  rows: number[];
  onOpen: (i: number) => void;
}) {
  const { t, lang } = useI18n();
  const { search, set } = useUrl();
  const [page, setPage] = useState(0);
  const sort = search.sort ?? '';
  const columns = useMemo<Column<Item>[]>(
    () => [
      { id: 'service', header: t.traces.services, value: (r) => r.span.service, cell: (r) => r.span.service },
      {
        id: 'name',
        header: t.trace.span,
        value: (r) => r.span.name,
        cell: (r) => (
          <button
            type="button"
            className="plain"
            style={{ color: 'var(--y-link)' }}
            onClick={() => onOpen(r.index)}
          >
            {r.span.name}
          </button>
        ),
      },
      {
        id: 'depth',
        header: t.trace.depth,
        numeric: true,
        value: (r) => r.span.depth,
        cell: (r) => r.span.depth,
      },
      {
        id: 'start',
        header: t.trace.start,
        numeric: true,
        value: (r) => r.span.start_ns,
        cell: (r) => F.duration(r.span.start_ns, lang),
      },
      {
        id: 'duration',
        header: t.traces.duration,
        numeric: true,
        value: (r) => r.span.duration_ns,
        cell: (r) => F.duration(r.span.duration_ns, lang),
      },
      {
        id: 'self',
        header: t.trace.selfTime,
        numeric: true,
        value: (r) => r.span.self_ns,
        cell: (r) => F.duration(r.span.self_ns, lang),
      },
      {
        id: 'critical',
        header: t.trace.critical,
        value: (r) => (r.span.critical?.length ? 0 : 1),
        cell: (r) => (r.span.critical?.length ? '●' : ''),
      },
      {
        id: 'status',
        header: t.fields.status,
        value: (r) => r.span.status,
        cell: (r) => <span className={r.span.error ? 'bad' : ''}>{r.span.status}</span>,
      },
    ],
    [t, lang, onOpen],
  );
  const all = useMemo(() => {
    const items = rows.filter((r) => !isLog(r)).map((index) => ({ span: trace.spans[index]!, index }));
    const by = columns.find((c) => c.id === sort.replace(/^-/, ''))?.value;
    if (!by) return items;
    const sign = sort.startsWith('-') ? -1 : 1;
    // Over all spans, not only over those of this page.
    return items.sort((a, b) => {
      const [x, y] = [by(a), by(b)];
      return (
        sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y)))
      );
    });
  }, [rows, trace, sort, columns]);
  const last = Math.max(0, Math.ceil(all.length / SIZE) - 1);
  const at = Math.min(page, last);
  const shown = useMemo(() => all.slice(at * SIZE, (at + 1) * SIZE), [all, at]);
  return (
    <>
      <div className={classes.tableWrap}>
        <DataTable
          caption={t.trace.title}
          columns={columns}
          rows={shown}
          rowKey={(r) => String(r.index)}
          sort={sort}
          onSort={(s) => {
            set({ sort: s }, { replace: true });
            setPage(0);
          }}
        />
      </div>
      {last > 0 && (
        <div className={classes.pager}>
          <Button variant="default" disabled={at === 0} onClick={() => setPage(at - 1)}>
            {t.trace.prevPage}
          </Button>
          <Button variant="default" disabled={at === last} onClick={() => setPage(at + 1)}>
            {t.trace.nextPage}
          </Button>
          <span className="dim">
            {t.trace.page(
              F.group(at * SIZE + 1),
              F.group(Math.min((at + 1) * SIZE, all.length)),
              F.group(all.length),
            )}
          </span>
        </div>
      )}
    </>
  );
}
