// What happened to the request, above its waterfall: the sentence first, then what it rests
// on. A citation leads to its span or log line below.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type MouseEvent, type ReactNode, useId, useMemo, useState } from 'react';
import type { Log, Trace } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import { CopyButton } from '~/ui/CopyButton';
import { Icon, type IconName } from '~/ui/Icon';
import { useUrl } from '~/url';
import { type Evidence, groups, parts, type Sentence, slack, verdictQuery } from './verdict';
import classes from './verdict.module.css';
import { texts } from './verdict.texts';

interface Props {
  trace: Trace;
  logs: Log[];
  colors: Map<string, string>;
  /** onSpan brings a span into sight, by its place in the trace. */
  onSpan: (index: number) => void;
  /** onLog does so with a log line, by its place in logs. */
  onLog: (index: number) => void;
}

/** How many citations a sentence shows; the rest is counted. */
const CITES = 3;

const icons: Record<string, IconName> = { ok: 'ok', error: 'error', slow: 'clock', timeout: 'clock' };

export function TraceVerdict({ trace, logs, colors, onSpan, onLog }: Props) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { search } = useUrl();
  const router = useRouter();
  const id = useId();
  const q = useQuery(verdictQuery(trace.trace_id, trace.spans.length, lang));
  const [opened, setOpened] = useState<boolean | undefined>(undefined);
  const spanAt = useMemo(() => new Map(trace.spans.map((s, i) => [s.span_id, i])), [trace]);
  const logAt = useMemo(() => new Map(logs.map((l, i) => [l.id, i])), [logs]);

  if (q.error && !q.data) return null; // the trace itself is there; that nothing is said of it is no trouble
  const v = q.data;
  if (!v) {
    return (
      <section className={classes.panel} aria-label={t.title} aria-busy="true">
        <p className={classes.waiting} role="status">
          {t.reading}
        </p>
      </section>
    );
  }
  const open = opened ?? v.outcome !== 'ok';

  const follow = (link: string) => {
    const inside = link.startsWith('/');
    const href = inside && search.env ? `${link}${link.includes('?') ? '&' : '?'}env=${search.env}` : link;
    return {
      href,
      className: classes.link,
      onClick: (e: MouseEvent) => {
        if (!inside || e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
        e.preventDefault();
        router.history.push(href);
      },
    };
  };
  const cite = (e: Evidence): ReactNode => {
    if (e.type === 'log') {
      const i = logAt.get(e.id);
      const log = i === undefined ? undefined : logs[i];
      if (i === undefined || !log) return null;
      return (
        <button
          key={`log${e.id}`}
          type="button"
          className={classes.cite}
          aria-label={t.log(`${log.service} ${log.body}`)}
          title={log.body}
          onClick={() => onLog(i)}
        >
          <Icon name="logs" size={11} />
          <span>{log.service}</span>
        </button>
      );
    }
    const i = spanAt.get(e.id);
    const s = i === undefined ? undefined : trace.spans[i];
    if (i === undefined || !s) return null;
    return (
      <button
        key={e.id}
        type="button"
        className={classes.cite}
        aria-label={t.span(`${s.service} ${s.name}`)}
        title={`${s.service}: ${s.name} (${F.duration(s.duration_ns, lang)})`}
        onClick={() => onSpan(i)}
      >
        <i className={classes.dot} style={{ background: colors.get(s.service) }} />
        <span>{s.name}</span>
      </button>
    );
  };
  const cites = (all: readonly Evidence[]) => (
    <span className={classes.cites}>
      {all.slice(0, CITES).map(cite)}
      {all.length > CITES && <span className="dim">{t.rest(F.group(all.length - CITES))}</span>}
    </span>
  );
  const line = (s: Sentence) => (
    <li key={s.text}>
      <Words text={s.text} />
      {s.link && (
        <>
          {' '}
          <a {...follow(s.link)}>{t.open}</a>
        </>
      )}
      {cites(s.evidence)}
    </li>
  );
  const all = groups(v);
  return (
    <section className={classes.panel} data-outcome={v.outcome} aria-label={t.title}>
      <div className={classes.head}>
        <span className={classes.outcome} data-outcome={v.outcome}>
          <Icon name={icons[v.outcome] ?? 'info'} size={15} />
          {t.outcomes[v.outcome]}
        </span>
        <p className={classes.summary} role="status">
          <Words text={v.summary} />
          {cites(v.sentences[0]?.evidence.slice(-1) ?? [])}
        </p>
        <div className={classes.actions}>
          <CopyButton
            label={t.copyHint}
            value={() => slack(v, t.topics, t.next, window.location.href.replace(/[?#].*$/, ''))}
          />
          <Button
            size="compact-xs"
            variant="default"
            aria-expanded={open}
            aria-controls={id}
            rightSection={<Icon name={open ? 'up' : 'down'} size={12} />}
            onClick={() => setOpened(!open)}
          >
            {open ? t.less : t.more}
          </Button>
        </div>
      </div>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys too
        <div id={id} className={classes.body} tabIndex={0}>
          <div>
            {all.map((g, i) => (
              <div key={`${g.topic}${String(i)}`}>
                <h2 className={classes.title}>{t.topics[g.topic] ?? g.topic}</h2>
                <ul className={classes.list}>{g.sentences.map(line)}</ul>
              </div>
            ))}
          </div>
          <div>
            {v.next.length > 0 && (
              <>
                <h2 className={classes.title}>{t.next}</h2>
                <ul className={classes.list}>
                  {v.next.map((s) => (
                    <li key={s.kind + s.link}>
                      <a {...follow(s.link)}>{s.text}</a>
                    </li>
                  ))}
                </ul>
              </>
            )}
            {v.unusual.length > 0 && (
              <>
                <h2 className={classes.title}>{t.unusual}</h2>
                <ul className={classes.list}>
                  {v.unusual.map((u) => (
                    <li key={u.text}>
                      <Words text={u.text} />
                      {cites(u.evidence)}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
        </div>
      )}
    </section>
  );
}

/** Words is a sentence with what programs wrote set as code. */
function Words({ text }: { text: string }) {
  return parts(text).map((p, i) => (p.code ? <code key={i}>{p.text}</code> : <span key={i}>{p.text}</span>));
}
