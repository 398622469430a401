// One row of the waterfall. Rows are memoised on plain values, so that moving the cursor
// draws two of them and not all.
import { memo } from 'react';
import type { Log, TraceSpan } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { compare } from '~/lib/filter';
import * as F from '~/lib/format';
import { addNs } from '~/lib/time';
import { detail, place } from '~/lib/waterfall';
import { rowParam } from '~/pages/logs/openRow';
import { Icon } from '~/ui/Icon';
import { Level } from '~/ui/Level';
import { PageLink } from '~/ui/PageLink';
import classes from './trace.module.css';
import type { Slower } from './usual';
import { texts } from './usual.texts';

const INDENT = 14;
/** Deeper spans are not indented further: the names must keep their room. */
const DEEPEST = 20;

interface SpanRowProps {
  span: TraceSpan;
  index: number;
  rowIndex: number;
  top: number;
  from: number;
  to: number;
  color: string;
  kids: number;
  hidden: number;
  open: boolean;
  selected: boolean;
  current: boolean;
  match: boolean;
  /** slow is what the span usually takes, where this is far from it. */
  slow: Slower | undefined;
  onToggle: (index: number) => void;
  onSelect: (index: number, rowIndex: number) => void;
}

export const SpanRow = memo(function SpanRow(p: SpanRowProps) {
  const { t, lang } = useI18n();
  const u = useTexts(texts);
  const s = p.span;
  const bad = s.error === true;
  const more = detail(s);
  const bar = place(s.start_ns, s.start_ns + s.duration_ns, p);
  const label = F.duration(s.duration_ns, lang);
  return (
    <div
      role="row"
      aria-level={s.depth + 1}
      aria-rowindex={p.rowIndex + 1}
      aria-expanded={p.kids > 0 ? p.open : undefined}
      aria-selected={p.selected}
      className={classes.row}
      data-selected={p.selected}
      data-current={p.current}
      data-match={p.match}
      style={{ transform: `translateY(${p.top}px)` }}
      onClick={() => p.onSelect(p.index, p.rowIndex)}
    >
      <div
        role="gridcell"
        tabIndex={-1}
        className={classes.nameCell}
        style={{ paddingLeft: 6 + Math.min(s.depth, DEEPEST) * INDENT }}
      >
        {p.kids > 0 ? (
          <button
            type="button"
            tabIndex={-1}
            className={`plain ${classes.fold}`}
            aria-label={t.trace.children(F.group(p.kids))}
            onClick={(e) => {
              e.stopPropagation();
              p.onToggle(p.index);
            }}
          >
            <Icon name={p.open ? 'down' : 'right'} size={10} />
          </button>
        ) : (
          <span className={classes.fold} />
        )}
        <i className={classes.chip} style={{ background: p.color }} />
        {bad && (
          <span className="bad" title={s.message || t.trace.error}>
            <Icon name="error" size={13} />
            <span className="visually-hidden">{t.trace.error}</span>
          </span>
        )}
        <span
          className={`ellipsis ${classes.names}`}
          title={`${s.service} · ${s.name}${more ? `\n${s.summary}` : ''}`}
        >
          <span className={classes.service}>{s.service}</span> {s.name}
          {more && <span className="dim"> {more}</span>}
        </span>
        {s.missing_parent && (
          <span className={classes.tag} title={t.trace.missingParentHint}>
            {t.trace.missingParent}
          </span>
        )}
        {p.hidden > 0 && <span className={classes.tag}>{t.trace.hidden(F.count(p.hidden))}</span>}
      </div>
      <div role="gridcell" tabIndex={-1} className={classes.timeCell}>
        {bar && (
          <div className={classes.track}>
            <div
              className={classes.bar}
              data-error={bad}
              style={{
                left: `${bar.left * 100}%`,
                width: `max(2px, ${bar.width * 100}%)`,
                background: p.color,
              }}
            />
            {s.critical?.map(([a = 0, b = 0]) => {
              const c = place(a, b, p);
              return (
                c && (
                  <div
                    key={a}
                    className={classes.critical}
                    style={{ left: `${c.left * 100}%`, width: `max(2px, ${c.width * 100}%)` }}
                  />
                )
              );
            })}
            <span
              className={classes.duration}
              style={{ left: `calc(max(2px, ${bar.width * 100}%) + ${bar.left * 100}% + 6px)` }}
            >
              {label}
              {p.slow && (
                <span
                  className={classes.usually}
                  data-own={p.slow.own}
                  title={u.usuallyHint(F.duration(p.slow.p50_ns, lang), F.duration(p.slow.p95_ns, lang))}
                >
                  {u.usually(F.duration(p.slow.p50_ns, lang))}
                </span>
              )}
              {s.critical?.length ? <span className="visually-hidden"> {t.trace.onCritical}</span> : null}
            </span>
          </div>
        )}
      </div>
    </div>
  );
});

interface LogRowProps {
  log: Log;
  /** at is the time of the log from the start of the trace. */
  at: number;
  depth: number;
  top: number;
  from: number;
  to: number;
  current: boolean;
}

export const LogRow = memo(function LogRow({ log, at, depth, top, from, to, current }: LogRowProps) {
  const { t, lang } = useI18n();
  const p = place(at, at, { from, to });
  const text = log.body || log.exception?.message || log.event;
  return (
    <div
      role="row"
      aria-level={depth + 1}
      className={classes.row}
      data-current={current}
      data-log
      style={{ transform: `translateY(${top}px)` }}
    >
      <div
        role="gridcell"
        tabIndex={-1}
        className={classes.nameCell}
        style={{ paddingLeft: 24 + Math.min(depth, DEEPEST) * INDENT }}
      >
        <Level level={log.level} text={log.severity_text} />
        <PageLink
          to="/logs"
          search={{
            filter: compare('trace_id', log.trace_id ?? ''),
            row: rowParam(log),
            from: addNs(log.time, -3600e9),
            to: addNs(log.time, 3600e9),
          }}
          className={`ellipsis ${classes.logText}`}
          title={text}
        >
          {text.slice(0, 300)}
        </PageLink>
      </div>
      <div role="gridcell" tabIndex={-1} className={classes.timeCell}>
        {p && (
          <div className={classes.track}>
            <span
              className={classes.dot}
              data-level={log.level}
              style={{ left: `${p.left * 100}%` }}
              title={`${t.detail.logs}: ${F.duration(at, lang)}`}
            />
          </div>
        )}
      </div>
    </div>
  );
});
