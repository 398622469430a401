// Lines that differ only in their values, counted together.
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, unwrap } from '~/api/client';
import type { Scope } from '~/api/queries';
import type { components } from '~/api/schema';
import { useI18n, useTexts } from '~/i18n';
import { levelColor } from '~/lib/colors';
import { compare, terms } from '~/lib/filter';
import * as F from '~/lib/format';
import type { Compare } from '~/lib/range';
import { useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { Change } from '~/ui/chart/Change';
import { Sparkline } from '~/ui/chart/Sparkline';
import { type Column, DataTable, sortRows } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Level } from '~/ui/Level';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { useUrl } from '~/url';
import classes from './logs.module.css';
import { texts } from './logs.texts';

type Pattern = components['schemas']['PatternRecord'];
type LevelName = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
const severity: LevelName[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

export interface Choice {
  service: string;
  levels: LevelName[];
  /** partly: the filter says more than patterns can be chosen by. */
  partly: boolean;
}

/** choiceOf a filter is what patterns can be chosen by: one service, and levels. */
export function choiceOf(filter: string): Choice {
  const out: Choice = { service: '', levels: [], partly: /\bOR\b|\bNOT\b|[()]/.test(filter) };
  if (out.partly) return out;
  for (const t of terms(filter)) {
    const at = severity.indexOf((t.value ?? '').toLowerCase() as LevelName);
    if (t.key === 'service' && t.op === ':' && !t.negated && !out.service && !t.value?.includes('*'))
      out.service = t.value ?? '';
    else if (t.key === 'level' && !t.negated && at >= 0 && out.levels.length === 0)
      out.levels =
        t.op === ':'
          ? [severity[at]!]
          : severity.filter((_, i) =>
              t.op === '>=' ? i >= at : t.op === '>' ? i > at : t.op === '<=' ? i <= at : i < at,
            );
    else if (t.text !== '*') out.partly = true;
  }
  return out;
}

const LIMIT = 200;

const patternsQuery = (s: Scope, compare: Compare | undefined, c: Choice) =>
  queryOptions({
    queryKey: ['patterns', s, compare, c.service, c.levels],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/logs/patterns', {
          params: {
            query: {
              from: s.from,
              to: s.to,
              ...(s.env ? { env: s.env } : {}),
              ...(compare ? { compare } : {}),
              ...(c.service ? { service: c.service } : {}),
              ...(c.levels.length > 0 ? { levels: c.levels } : {}),
              steps: 30,
              limit: LIMIT,
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

const none: Pattern[] = [];

export function Patterns({ filter }: { filter: string }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { search, set } = useUrl();
  const range = useRange();
  const choice = useMemo(() => choiceOf(filter), [filter]);
  const q = useQuery(patternsQuery(range.scope, range.compare, choice));
  const open = (p: Pattern | undefined) => p && set({ view: '', filter: linesOf(p), sort: '' });
  const columns = useMemo<Column<Pattern>[]>(
    () => [
      {
        id: 'count',
        header: t.count,
        numeric: true,
        value: (p) => p.count,
        cell: (p) => (
          <span className={classes.counted}>
            <Sparkline values={p.trend} color={levelColor(p.level)} width={72} />
            <span title={F.group(p.count)}>{F.count(p.count)}</span>
            {p.before !== undefined && <Change now={p.count} before={p.before} unit="count" />}
          </span>
        ),
      },
      { id: 'level', header: t.level, cell: (p) => <Level level={p.level} text="" /> },
      { id: 'service', header: t.service, value: (p) => p.service, cell: (p) => p.service },
      {
        id: 'pattern',
        header: t.pattern,
        width: '60%',
        value: (p) => p.text,
        cell: (p) => (
          <PageLink
            to="/logs"
            search={{ filter: linesOf(p) }}
            className={`mono ${classes.pattern}`}
            title={`${t.example}: ${p.example}`}
          >
            {p.text || p.example}
          </PageLink>
        ),
      },
      {
        id: 'last',
        header: t.last,
        numeric: true,
        value: (p) => Date.parse(p.last),
        cell: (p) => <Ago time={p.last} compact />,
      },
    ],
    [t],
  );
  const sort = search.sort ?? '';
  const rows = useMemo(() => sortRows(q.data?.items ?? none, columns, sort), [q.data, columns, sort]);
  const [at] = useRows(rows.length, (i) => open(rows[i]));
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={20} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys too
    <div className={`${classes.patterns} ${q.isPlaceholderData ? 'stale' : ''}`} tabIndex={0} lang={lang}>
      {choice.partly && <p className={`dim ${classes.partly}`}>{t.partly}</p>}
      {rows.length === 0 ? (
        <Empty title={t.noPatterns} text={t.noPatternsText} />
      ) : (
        <DataTable
          caption={t.patterns}
          columns={columns}
          rows={rows}
          rowKey={(p) => `${p.service}\u0000${p.env}\u0000${p.id}`}
          sort={sort}
          onSort={(sort) => set({ sort }, { replace: true })}
          rowProps={(_, i) => ({ 'data-current': i === at })}
          rowClass={() => classes.patternRow}
        />
      )}
      {q.data.more && <p className={`dim ${classes.partly}`}>{t.morePatterns(F.group(rows.length))}</p>}
    </div>
  );
}

const linesOf = (p: Pattern) => `${compare('service', p.service)} ${compare('pattern', p.id)}`;
