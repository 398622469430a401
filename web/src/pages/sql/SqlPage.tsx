// SQL for experts: a statement, its result as a table or a chart, and what there is to ask.
import { Button, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { useI18n, useTexts } from '~/i18n';
import { indexOfByte } from '~/lib/filter';
import { bytes, count, duration, group, percent } from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { ErrorState, isInvalid } from '~/ui/ErrorState';
import type { Handle, Wrong } from '~/ui/editor/CodeEditor';
import { PlainEditor } from '~/ui/editor/PlainEditor';
import explore from '~/ui/explore.module.css';
import { HistoryMenu } from '~/ui/HistoryMenu';
import { Icon } from '~/ui/Icon';
import { Page } from '~/ui/Page';
import { SavedViews } from '~/ui/SavedViews';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useHistory } from '~/ui/useHistory';
import { useNow } from '~/ui/useNow';
import { parseSearch, useUrl } from '~/url';
import { type Example, examples } from './examples';
import { Result } from './Result';
import classes from './sql.module.css';
import { texts } from './sql.texts';
import { Tables, tablesQuery } from './Tables';
import { type Progress, useRun } from './useRun';

const SqlEditor = lazy(() => import('./SqlEditor'));

/** A longer statement is no part of the address. */
const LONG = 6000;
const none: never[] = [];

export function SqlPage() {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { search, set } = useUrl();
  const { scope, raw } = useRange();
  const tables = useQuery(tablesQuery).data?.items ?? none;
  const past = useHistory('sql');
  const run = useRun();
  const editor = useRef<Handle | null>(null);
  const saved = useQuery({
    queryKey: ['view', search.saved],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/views/{id}', { params: { path: { id: search.saved ?? '' } }, signal })),
    enabled: search.saved !== undefined && search.sql === undefined,
    staleTime: 60e3,
  });
  const given = search.sql ?? (saved.data ? (parseSearch(saved.data.search).sql ?? '') : '');
  const [text, setText] = useState(given);
  const limit = search.limit === '10000' ? 10_000 : 1000;

  const start = (query: string) => {
    if (query.trim() === '') return;
    past.add(query);
    run.start({ query, from: scope.from, to: scope.to, limit });
  };
  // What the address says runs: on opening it, on Back, and when the range is another. A
  // relative range that moves on does not: a statement may cost much.
  const asked = useRef('');
  const key = `${given}\u0000${raw.from}\u0000${raw.to}\u0000${limit}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is all that counts
  useEffect(() => {
    if (given === '' || asked.current === key) return;
    if (!asked.current.startsWith(`${given}\u0000`)) setText(given);
    asked.current = key;
    start(given);
  }, [key]);

  const ask = (query: string, patch: { chart?: string } = {}) => {
    if (query.trim() === '') return;
    const fits = query.length <= LONG;
    if (fits && query === given) start(query);
    else if (fits) set({ sql: query, saved: '', x: '', y: '', by: '', sort: '', ...patch });
    else {
      asked.current = '';
      set({ sql: '', saved: '' });
      start(query);
    }
  };
  const example = (e: Example) => {
    setText(e.sql);
    ask(e.sql, { chart: e.chart ?? '' });
  };
  const wrong = wrongOf(run.error, run.asked?.query, text);
  const idle = !run.running && !run.answer && !run.error && !run.cancelled;
  const editorProps = {
    label: t.statement,
    value: text,
    onChange: setText,
    onRun: ask,
    placeholder: t.placeholder,
  };
  return (
    <Page title={t.title} fill aside={<span className="dim">{t.readOnly}</span>}>
      <div className={classes.ask}>
        <Suspense fallback={<PlainEditor {...editorProps} />}>
          <SqlEditor {...editorProps} handle={editor} wrong={wrong} tables={tables} />
        </Suspense>
        {run.error !== undefined && isInvalid(run.error) && (
          <p className={`bad ${classes.wrong}`} role="alert">
            <Icon name="error" size={14} />{' '}
            {wrong &&
              run.asked?.query.slice(0, wrong.from).includes('\n') &&
              t.line1(lineOf(run.asked.query, wrong.from))}
            {messageOf(run.error)}
          </p>
        )}
        <div className={classes.bar}>
          {run.running ? (
            <Button variant="default" leftSection={<Icon name="close" size={14} />} onClick={run.cancel}>
              {t.cancel}
            </Button>
          ) : (
            <Button
              leftSection={<Icon name="play" size={14} />}
              onClick={() => ask(text)}
              disabled={text.trim() === ''}
              title={t.runKey}
            >
              {t.run}
            </Button>
          )}
          <kbd className={classes.key}>{t.runKey}</kbd>
          <Select
            w={150}
            aria-label={t.limit}
            allowDeselect={false}
            value={String(limit)}
            data={[1000, 10_000].map((n) => ({ value: String(n), label: t.limitOf(group(n)) }))}
            onChange={(v) => set({ limit: v === '10000' ? v : '' })}
          />
          <span className={classes.grow} />
          <HistoryMenu
            items={past.items}
            onClear={past.clear}
            onChoose={(q) => {
              setText(q);
              ask(q);
            }}
          />
          <SavedViews page="sql" extra={{ sql: text }} />
        </div>
        {text.length > LONG && <p className="dim">{t.long}</p>}
      </div>
      <div className={explore.body}>
        <Tables
          onInsert={(name) => (editor.current ? editor.current.insert(name) : setText(text + name))}
          onAsk={(sql) => example({ name: '', sql })}
        />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys too */}
        <section className={classes.result} aria-label={t.result} tabIndex={0}>
          {run.running && <Running began={run.began ?? 0} progress={run.progress} />}
          {run.cancelled && <p className={classes.note}>{t.cancelled}</p>}
          {run.error !== undefined && !isInvalid(run.error) && (
            <ErrorState error={run.error} retry={() => run.asked && start(run.asked.query)} />
          )}
          {saved.error && <ErrorState error={saved.error} />}
          {run.answer && run.error === undefined ? (
            <div className={`${classes.fill} ${run.running ? 'stale' : ''}`}>
              <Result answer={run.answer} />
            </div>
          ) : (
            run.running && <SkeletonRows rows={8} />
          )}
          {idle && (
            <div className={classes.start}>
              <h2>{t.start}</h2>
              <p className="dim">{t.startText}</p>
              <h3>{t.examples}</h3>
              <ul>
                {examples(lang).map((e) => (
                  <li key={e.name}>
                    <button type="button" className={`plain ${classes.example}`} onClick={() => example(e)}>
                      <Icon name="play" size={12} /> {e.name}
                    </button>
                  </li>
                ))}
              </ul>
            </div>
          )}
        </section>
      </div>
    </Page>
  );
}

function Running({ began, progress: p }: { began: number; progress: Progress | undefined }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const now = useNow(500);
  const share = p?.running && p.total_rows > 0 ? Math.min(1, p.rows / p.total_rows) : undefined;
  return (
    <div className={classes.running} role="status">
      <progress max={1} value={share} aria-label={t.running('')} />
      <span>{t.running(duration(Math.max(0, Math.round((now - began) / 1000)) * 1e9, lang))}</span>
      {p?.running && (
        <span className="dim">
          {[
            t.read(count(p.rows), bytes(p.bytes)),
            share !== undefined && t.share(percent(share)),
            p.memory > 0 && t.memory(bytes(p.memory)),
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      )}
    </div>
  );
}

const messageOf = (error: unknown) =>
  error instanceof ApiError
    ? (error.field('query')?.message ?? error.fields[0]?.message ?? error.message)
    : '';

const lineOf = (text: string, at: number) => text.slice(0, at).split('\n').length;

/** wrongOf is where the editor marks the error: nowhere once the text is another. */
function wrongOf(error: unknown, asked: string | undefined, text: string): Wrong | undefined {
  if (!(error instanceof ApiError) || asked !== text) return undefined;
  const f = error.field('query');
  if (f?.pos === undefined || f.end === undefined) return undefined;
  const from = indexOfByte(text, f.pos);
  return { from, to: Math.max(from + 1, indexOfByte(text, f.end)), message: f.message };
}
