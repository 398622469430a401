// The rows, newest first, drawn only where they are seen; more come as one scrolls down.
import { Button, Loader } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useRef } from 'react';
import type { Log } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { cellOf } from '~/lib/columns';
import { group } from '~/lib/format';
import * as T from '~/lib/time';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Highlight } from '~/ui/Highlight';
import { Icon } from '~/ui/Icon';
import { Key } from '~/ui/Key';
import { Level } from '~/ui/Level';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import classes from './logs.module.css';
import { texts } from './logs.texts';

const ROW = 26;
/** The headings of chosen columns. */
const HEAD = 26;
/** One line shows no more than this; the detail shows all. */
const LINE = 500;

interface Props {
  rows: Log[];
  words: string[];
  loading: boolean;
  stale: boolean;
  more: boolean;
  loadMore: () => void;
  moreError: unknown;
  openId: string | undefined;
  onOpen: (log: Log | undefined) => void;
  onAtTop: (atTop: boolean) => void;
  waiting: number;
  /** wide says that rows may be of different days. */
  wide: boolean;
  filtered: boolean;
  /** columns are the attributes that stand between the service and the text. */
  columns: readonly string[];
  onColumn: (key: string) => void;
}

export function LogList(p: Props) {
  const { t } = useI18n();
  const tl = useTexts(texts);
  const parent = useRef<HTMLDivElement>(null);
  const v = useVirtualizer({
    count: p.rows.length,
    getScrollElement: () => parent.current,
    estimateSize: () => ROW,
    overscan: 20,
    getItemKey: (i) => p.rows[i]!.id,
  });
  const openIndex = p.openId === undefined ? -1 : p.rows.findIndex((l) => l.id === p.openId);
  const [at, setAt] = useRows(
    p.rows.length,
    (i) => p.onOpen(p.rows[i]),
    (i) => {
      v.scrollToIndex(i, { align: 'auto' });
      if (p.openId !== undefined) p.onOpen(p.rows[i]);
    },
  );
  // j and k go on from the open row, also when it was clicked or came with the address.
  useEffect(() => {
    if (openIndex >= 0) setAt(openIndex);
  }, [openIndex, setAt]);

  const items = v.getVirtualItems();
  const last = items[items.length - 1]?.index ?? -1;
  const { more, loadMore, moreError } = p;
  useEffect(() => {
    if (more && !moreError && last >= p.rows.length - 40) loadMore();
  }, [last, more, moreError, loadMore, p.rows.length]);

  if (p.loading) return <SkeletonRows rows={20} />;
  if (p.rows.length === 0)
    return (
      <Empty
        title={p.filtered ? t.logs.noMatch : t.logs.none}
        text={p.filtered ? t.logs.noMatchText : t.logs.noneText}
      />
    );
  return (
    <div
      ref={parent}
      // It scrolls, so the keyboard must reach it.
      // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
      tabIndex={0}
      className={`${classes.scroll} ${p.stale ? 'stale' : ''}`}
      onScroll={(e) => p.onAtTop(e.currentTarget.scrollTop < ROW)}
    >
      {p.waiting > 0 && (
        <div className={classes.waiting}>
          <Button
            radius="xl"
            leftSection={<Icon name="up" size={12} />}
            onClick={() => {
              v.scrollToOffset(0);
              p.onAtTop(true);
            }}
          >
            {t.logs.waiting(group(p.waiting))}
          </Button>
        </div>
      )}
      <div
        role="table"
        aria-rowcount={p.more ? -1 : p.rows.length}
        aria-label={t.logs.list}
        style={{
          height: v.getTotalSize() + (p.columns.length > 0 ? HEAD : 0),
          position: 'relative',
          // Columns take their room from what one scrolls sideways to, not from the text.
          ...(p.columns.length > 0 ? { minWidth: 660 + p.columns.length * 162 } : {}),
        }}
      >
        {p.columns.length > 0 && (
          <div role="row" className={classes.head}>
            <span role="columnheader" className={p.wide ? classes.timeWide : classes.timeHead}>
              {tl.time}
            </span>
            <span role="columnheader" className={classes.level}>
              {tl.level}
            </span>
            <span role="columnheader" className={classes.service}>
              {tl.service}
            </span>
            {p.columns.map((k) => (
              <span role="columnheader" key={k} className={classes.column} title={k}>
                <Key name={k} />
                <button
                  type="button"
                  className="plain"
                  aria-label={tl.removeColumn(k)}
                  onClick={() => p.onColumn(k)}
                >
                  <Icon name="close" size={10} />
                </button>
              </span>
            ))}
            <span role="columnheader" className={classes.text}>
              {tl.message}
            </span>
          </div>
        )}
        {items.map((item) => {
          const log = p.rows[item.index]!;
          return (
            <Row
              key={item.key}
              log={log}
              index={item.index}
              top={item.start + (p.columns.length > 0 ? HEAD : 0)}
              columns={p.columns}
              words={p.words}
              wide={p.wide}
              current={item.index === at}
              open={log.id === p.openId}
              onOpen={p.onOpen}
            />
          );
        })}
      </div>
      <div className={classes.end}>
        {p.moreError ? (
          <ErrorState error={p.moreError} retry={p.loadMore} />
        ) : p.more ? (
          <Loader size={16} />
        ) : (
          t.logs.end
        )}
      </div>
    </div>
  );
}

interface RowProps {
  log: Log;
  index: number;
  top: number;
  words: string[];
  columns: readonly string[];
  wide: boolean;
  current: boolean;
  open: boolean;
  onOpen: (log: Log | undefined) => void;
}

const Row = memo(function Row({ log, index, top, words, columns, wide, current, open, onOpen }: RowProps) {
  const { lang } = useI18n();
  const ms = T.msOf(log.time);
  const text = log.body || log.exception?.message || log.event;
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-selected={open}
      className={classes.row}
      data-current={current}
      data-open={open}
      data-level={log.level}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => {
        // Selecting text is not opening.
        if (!window.getSelection()?.toString()) onOpen(open ? undefined : log);
      }}
    >
      <span
        role="cell"
        className={`${classes.time} ${wide ? classes.timeWide : classes.timeHead}`}
        title={T.full(ms, lang)}
      >
        {wide && <span className="dim">{T.shortDate(ms, lang)} </span>}
        {T.clock(ms, true)}
      </span>
      <span role="cell" className={classes.level}>
        <Level level={log.level} text={log.severity_text} />
      </span>
      <span role="cell" className={`${classes.service} ellipsis`} title={log.service}>
        {log.service}
      </span>
      {columns.map((k) => {
        const value = cellOf(log, k);
        return (
          <span role="cell" key={k} className={`${classes.column} ellipsis`} title={value}>
            {value || <span className="dim">–</span>}
          </span>
        );
      })}
      <span role="cell" className={`${classes.text} ellipsis`}>
        {log.exception?.type && <span className={classes.exception}>{log.exception.type}</span>}
        <Highlight text={text.slice(0, LINE)} words={words} />
      </span>
    </div>
  );
});
