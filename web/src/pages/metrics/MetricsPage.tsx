import { Button, Checkbox, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type FormEvent, lazy, Suspense, useMemo, useState } from 'react';
import { ApiError } from '~/api/client';
import { metricNamesQuery, metricRangeQuery } from '~/api/queries';
import { useI18n, useTexts } from '~/i18n';
import { indexOfByte } from '~/lib/filter';
import { count, duration, group } from '~/lib/format';
import { read } from '~/lib/metricquery';
import { firstQuery, stepFor } from '~/lib/promql';
import { useCompareRange, useRange } from '~/shell/RangeContext';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { PlainEditor } from '~/ui/editor/PlainEditor';
import explore from '~/ui/explore.module.css';
import { HistoryMenu } from '~/ui/HistoryMenu';
import { Icon } from '~/ui/Icon';
import { Key } from '~/ui/Key';
import { Page } from '~/ui/Page';
import { SavedViews } from '~/ui/SavedViews';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useHistory } from '~/ui/useHistory';
import { useUrl } from '~/url';
import { Builder } from './Builder';
import classes from './metrics.module.css';
import { texts } from './metrics.texts';
import { Result } from './Result';

const PromqlEditor = lazy(() => import('./PromqlEditor'));

export function MetricsPage() {
  const { t, lang } = useI18n();
  const { search, set } = useUrl();
  const range = useRange();
  const query = search.query ?? '';
  const log = search.scale === 'log';
  const step = stepFor(range.fromMs, range.toMs, 240);
  const q = useQuery({
    ...metricRangeQuery(query, range.scope.from, range.scope.to, step),
    enabled: query !== '',
    // The result of another query would be a lie under this one.
    placeholderData: (prev, prevQuery) =>
      prevQuery?.queryKey[1] === query ? keepPreviousData(prev) : undefined,
  });
  const then = useCompareRange();
  const b = useQuery({
    ...metricRangeQuery(query, then?.scope.from ?? '', then?.scope.to ?? '', step),
    enabled: query !== '' && then !== null,
    placeholderData: (prev, prevQuery) =>
      prevQuery?.queryKey[1] === query ? keepPreviousData(prev) : undefined,
  });
  const before = useMemo(() => (then && b.data ? { result: b.data, then } : null), [then, b.data]);
  const lines = q.data?.series.some((s) => s.points.length > 0) ?? false;
  const run = (text: string) => set({ query: text.trim() });
  return (
    <Page
      title={t.metrics.title}
      fill
      aside={
        q.data?.step_ns ? (
          <span className="dim">{t.metrics.step(duration(q.data.step_ns, lang))}</span>
        ) : undefined
      }
    >
      <QueryForm key={query} query={query} onRun={run} error={q.error} />
      {query !== '' && <Builder query={query} onQuery={run} />}
      <div className={explore.body}>
        <aside className={classes.names} aria-label={t.metrics.names}>
          <Names current={query} onChoose={run} />
        </aside>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys too */}
        <section className={classes.result} aria-label={t.metrics.chart} tabIndex={0}>
          {query === '' ? (
            <Empty title={t.metrics.start} text={t.metrics.startText} />
          ) : q.error && !(q.error instanceof ApiError && q.error.code === 'invalid') ? (
            <ErrorState error={q.error} retry={() => void q.refetch()} />
          ) : q.error ? null : !q.data ? (
            <SkeletonRows rows={10} />
          ) : q.data.series.length === 0 ? (
            <Empty title={t.metrics.noResult} text={t.metrics.noResultText} />
          ) : (
            <div className={q.isPlaceholderData ? 'stale' : undefined}>
              {lines && (
                <Checkbox
                  size="xs"
                  mb={6}
                  label={t.metrics.log}
                  checked={log}
                  onChange={(e) => set({ scale: e.currentTarget.checked ? 'log' : '' }, { replace: true })}
                />
              )}
              <Result result={q.data} before={before} log={log} />
            </div>
          )}
        </section>
      </div>
    </Page>
  );
}

function QueryForm({ query, onRun, error }: { query: string; onRun: (q: string) => void; error: unknown }) {
  const { t } = useI18n();
  const tm = useTexts(texts);
  const { scope, raw } = useRange();
  const past = useHistory('promql');
  const [text, setText] = useState(query);
  // What is completed need not follow a live range by the second.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const span = useMemo(() => ({ from: scope.from, to: scope.to }), [raw.from, raw.to]);
  const run = (q: string) => {
    past.add(q);
    onRun(q);
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    run(text);
  };
  const asked = error instanceof ApiError && error.code === 'invalid' ? error : undefined;
  const field = asked && (asked.field('query') ?? asked.fields[0]);
  const message = [asked?.message, field?.message !== asked?.message ? field?.message : '']
    .filter(Boolean)
    .join(' ');
  const wrong = useMemo(() => {
    if (!message || text.trim() !== query || field?.pos === undefined || field.end === undefined)
      return undefined;
    const lead = text.length - text.trimStart().length;
    const from = lead + indexOfByte(query, field.pos);
    return {
      from,
      to: lead + Math.max(indexOfByte(query, field.end), indexOfByte(query, field.pos) + 1),
      message,
    };
  }, [message, text, query, field?.pos, field?.end]);
  const props = {
    label: t.metrics.query,
    value: text,
    onChange: setText,
    onRun: run,
    placeholder: t.metrics.placeholder,
  };
  return (
    <>
      <form className={explore.bar} onSubmit={submit}>
        <Suspense fallback={<PlainEditor {...props} oneLine />}>
          <PromqlEditor {...props} {...span} wrong={wrong} />
        </Suspense>
        <Button type="submit" size="sm" leftSection={<Icon name="play" size={14} />}>
          {t.metrics.run}
        </Button>
        <HistoryMenu
          items={past.items}
          onClear={past.clear}
          onChoose={(q) => {
            setText(q);
            run(q);
          }}
        />
        <SavedViews page="metrics" />
      </form>
      {message !== '' && text.trim() === query && (
        <p className={`bad ${classes.wrong}`} role="alert">
          {wrong && wrong.from > 0 ? tm.at(wrong.from + 1) : ''}
          {message}
        </p>
      )}
      {query !== '' && !asked && read(query) === undefined && (
        <p className={`dim ${classes.wrong}`}>{tm.beyond}</p>
      )}
    </>
  );
}

function Names({ current, onChoose }: { current: string; onChoose: (q: string) => void }) {
  const { t } = useI18n();
  const [text, setText] = useState('');
  const [match] = useDebouncedValue(text.trim(), 150);
  const q = useQuery(metricNamesQuery(match));
  const items = useMemo(() => q.data?.items ?? [], [q.data]);
  return (
    <>
      <TextInput
        m={8}
        placeholder={t.metrics.find}
        aria-label={t.metrics.find}
        leftSection={<Icon name="search" size={14} />}
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
      />
      {q.error ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={12} />
      ) : items.length === 0 ? (
        match ? (
          <p className={classes.note}>{t.metrics.noNames}</p>
        ) : (
          <Empty title={t.metrics.none} text={t.metrics.noneText} />
        )
      ) : (
        <ul className={`${classes.list} ${q.isPlaceholderData ? 'stale' : ''}`}>
          {items.map((m) => {
            const query = firstQuery(m.name, m.type);
            return (
              <li key={m.name}>
                <button
                  type="button"
                  className={`plain ${classes.name}`}
                  aria-current={query === current}
                  title={m.help}
                  onClick={() => onChoose(query)}
                >
                  <span className={classes.metric}>
                    <Key name={m.name} />
                  </span>
                  <span className="dim">
                    {[m.type, m.unit, t.metrics.series(count(m.series))].filter(Boolean).join(' · ')}
                  </span>
                </button>
              </li>
            );
          })}
          {q.data.more && <li className={classes.note}>{t.metrics.moreNames(group(items.length))}</li>}
        </ul>
      )}
    </>
  );
}
