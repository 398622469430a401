// The rows of an answer: only those that are seen are drawn. A cell opens in full.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { useTexts } from '~/i18n';
import { bare, type Column, isNumber, isTime, sorted, textOf } from '~/lib/table';
import { CopyButton } from '~/ui/CopyButton';
import { Dialog } from '~/ui/Dialog';
import { Icon } from '~/ui/Icon';
import { useRows } from '~/ui/useRows';
import { carried, useUrl } from '~/url';
import classes from './sql.module.css';
import { texts } from './sql.texts';

const ROW = 26;
/** A cell shows no more than this; opened, all. */
const SHOWN = 300;

interface Props {
  columns: readonly Column[];
  rows: unknown[][];
  sort: string;
  onSort: (sort: string) => void;
}

export function Grid({ columns, rows, sort, onSort }: Props) {
  const t = useTexts(texts);
  const { search } = useUrl();
  const parent = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<{ column: string; text: string } | null>(null);
  const all = useMemo(() => sorted(rows, columns, sort), [rows, columns, sort]);
  const widths = useMemo(() => columns.map((c, i) => widthOf(c, rows, i)), [columns, rows]);
  const v = useVirtualizer({
    count: all.length,
    getScrollElement: () => parent.current,
    estimateSize: () => ROW,
    overscan: 20,
  });
  const whole = (i: number) =>
    setOpen({
      column: `${i + 1}`,
      text: JSON.stringify(Object.fromEntries(columns.map((c, k) => [c.name, all[i]?.[k] ?? null])), null, 2),
    });
  const [at] = useRows(all.length, whole, (i) => v.scrollToIndex(i, { align: 'auto' }));
  const template = widths.map((w) => `minmax(${w}px, ${w >= 200 ? `${w}fr` : `${w}px`})`).join(' ');
  const total = widths.reduce((a, b) => a + b, 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <div ref={parent} className={classes.grid} tabIndex={0}>
      <div
        role="table"
        aria-label={t.result}
        aria-rowcount={all.length + 1}
        style={{ minWidth: total, ['--columns' as string]: template }}
      >
        <div role="row" aria-rowindex={1} className={classes.head}>
          {columns.map((c, i) => {
            const dir = sort === c.name ? 'ascending' : sort === `-${c.name}` ? 'descending' : 'none';
            const zone =
              isTime(c.type) && /^DateTime/.test(bare(c.type))
                ? ` ${/'([^']+)'\)/.exec(c.type)?.[1] ?? 'UTC'}`
                : '';
            return (
              <span
                role="columnheader"
                aria-sort={dir}
                // Two columns may have one name.
                key={i}
                className={isNumber(c.type) ? 'num' : undefined}
              >
                <button
                  type="button"
                  className="plain"
                  title={`${c.name} ${c.type}`}
                  aria-label={t.sortBy(c.name + zone)}
                  onClick={() =>
                    onSort(dir === 'none' ? (isNumber(c.type) ? `-${c.name}` : c.name) : next(sort, c))
                  }
                >
                  {c.name}
                  {zone && <span className="dim">{zone}</span>}
                  {dir !== 'none' && <Icon name={dir === 'ascending' ? 'up' : 'down'} size={10} />}
                </button>
              </span>
            );
          })}
        </div>
        <div role="rowgroup" style={{ height: v.getTotalSize(), position: 'relative' }}>
          {v.getVirtualItems().map((item) => {
            const row = all[item.index]!;
            return (
              <div
                role="row"
                aria-rowindex={item.index + 2}
                key={item.key}
                className={classes.row}
                data-at={item.index === at}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {columns.map((c, i) => {
                  const text = textOf(row[i]);
                  const trace =
                    /trace_?id$/i.test(c.name) && /^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text);
                  return (
                    <span
                      role="cell"
                      key={i}
                      className={isNumber(c.type) ? 'num' : undefined}
                      title={text.slice(0, 1000)}
                    >
                      {row[i] === null || row[i] === undefined ? (
                        <span className="dim">NULL</span>
                      ) : trace ? (
                        <Link to="/traces/$traceId" params={{ traceId: text }} search={carried(search)}>
                          {text}
                        </Link>
                      ) : text.length > 40 ? (
                        <button
                          type="button"
                          className="plain"
                          onClick={() => setOpen({ column: c.name, text: pretty(row[i]) })}
                        >
                          {text.slice(0, SHOWN)}
                        </button>
                      ) : (
                        text
                      )}
                    </span>
                  );
                })}
              </div>
            );
          })}
        </div>
      </div>
      {open && (
        <Dialog opened onClose={() => setOpen(null)} title={`${t.cell}: ${open.column}`} size="lg">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
          <pre className={classes.whole} tabIndex={0}>
            {open.text}
          </pre>
          <div className={classes.buttons}>
            <CopyButton value={open.text} />
            <Button onClick={() => setOpen(null)}>{t.close}</Button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

const next = (sort: string, c: Column) => {
  const first = isNumber(c.type) ? `-${c.name}` : c.name;
  return sort === first ? (first.startsWith('-') ? c.name : `-${c.name}`) : '';
};

function pretty(cell: unknown): string {
  if (typeof cell !== 'string') return JSON.stringify(cell, null, 2);
  if (/^[[{]/.test(cell)) {
    try {
      return JSON.stringify(JSON.parse(cell), null, 2);
    } catch {
      // Then it only looks like it.
    }
  }
  return cell;
}

/** widthOf is the room of a column's longest value among the first rows, within reason. */
function widthOf(c: Column, rows: readonly unknown[][], i: number): number {
  let longest = c.name.length + 2;
  for (const r of rows.slice(0, 200)) {
    const text = textOf(r[i]).slice(0, 80);
    let n = 0;
    for (const ch of text) n += ch > '\u2e7f' ? 1.8 : 1;
    longest = Math.max(longest, n);
  }
  const most = isTime(c.type) || /FixedString/.test(bare(c.type)) ? 290 : 420;
  return Math.round(Math.min(Math.max(64, longest * 7.3 + 18), most));
}
