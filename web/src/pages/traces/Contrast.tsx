// What slow or failing spans of a filter have in common that the others have not.
import { SegmentedControl } from '@mantine/core';
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, unwrap } from '~/api/client';
import { durationsQuery, type Scope } from '~/api/queries';
import type { components } from '~/api/schema';
import { useI18n, useTexts } from '~/i18n';
import { add, durationText } from '~/lib/filter';
import * as F from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { durationsOf, type HeatData } from '~/ui/chart/heat';
import { type Column, DataTable } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { useUrl } from '~/url';
import classes from './traces.module.css';
import { texts } from './traces.texts';

type Difference = components['schemas']['DifferenceRecord'];

const contrastQuery = (s: Scope, filter: string, chosen: string) =>
  queryOptions({
    queryKey: ['contrast', s, filter, chosen],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/spans/contrast', {
          params: {
            query: { from: s.from, to: s.to, ...(s.env ? { env: s.env } : {}), filter, chosen, limit: 50 },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** slowFrom is where the slowest twentieth begins, on a bound of the cells; 0 without spans. */
export function slowFrom(data: HeatData): number {
  const cells = [...data.cells].sort((a, b) => b.lower - a.lower);
  const all = cells.reduce((n, c) => n + c.count, 0);
  let n = 0;
  let from = 0;
  for (const c of cells) {
    n += c.count;
    // What stands in one cell stays together: a bound in its midst is not known.
    if (from > 0 && c.lower < from && n > all * 0.05) break;
    from = c.lower;
  }
  return from;
}

export function Contrast({ filter }: { filter: string }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { search, set } = useUrl();
  const { scope } = useRange();
  const slow = search.by === 'slow';
  const base = filter.trim() === '' ? 'kind:server' : filter;
  const d = useQuery({ ...durationsQuery(scope, base, 20), enabled: slow });
  const from = useMemo(() => (d.data ? slowFrom(durationsOf(d.data)) : 0), [d.data]);
  const chosen = slow ? `duration>=${durationText(from)}` : 'status:error';
  const q = useQuery({ ...contrastQuery(scope, base, chosen), enabled: !slow || from > 0 });
  const rows = q.data?.items ?? [];
  const open = (r: Difference) => `${add(filter, r.key, r.value)} ${chosen}`;
  const [at] = useRows(rows.length, (i) => rows[i] && set({ view: '', by: '', filter: open(rows[i]) }));
  const part = (n: number, p: number) => (
    <span className={classes.counted}>
      <span className={classes.track}>
        <span className={classes.bar} style={{ width: `${p * 100}%` }} />
      </span>
      <span className={classes.figure} title={F.group(n)}>
        {F.percent(p)}
      </span>
    </span>
  );
  const columns: Column<Difference>[] = [
    {
      id: 'attribute',
      header: t.attribute,
      cell: (r) => (
        <span className="mono" title={r.key}>
          {r.label || r.key}
        </span>
      ),
    },
    {
      id: 'value',
      header: t.value,
      width: '45%',
      cell: (r) => (
        <PageLink to="/traces" search={{ filter: open(r) }} className={classes.value}>
          {r.value || t.empty}
        </PageLink>
      ),
    },
    { id: 'chosen', header: t.chosen, numeric: true, cell: (r) => part(r.chosen, r.chosen_part) },
    { id: 'others', header: t.others, numeric: true, cell: (r) => part(r.others, r.others_part) },
  ];
  const c = q.data?.chosen;
  const all = c && q.data ? c.all + q.data.others.all : 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys too
    <div className={`${classes.panel} ${q.isPlaceholderData ? 'stale' : ''}`} tabIndex={0}>
      <div className={classes.panelBar}>
        <SegmentedControl
          size="xs"
          aria-label={t.which}
          value={slow ? 'slow' : 'failing'}
          onChange={(v) => set({ by: v === 'slow' ? v : '' }, { replace: true })}
          data={[
            { value: 'failing', label: t.failing },
            { value: 'slow', label: t.slow },
          ]}
        />
        {c && c.all > 0 && (
          <span>
            {slow
              ? t.slowText(F.count(c.all), F.count(all), F.duration(from, lang))
              : t.failingText(F.count(c.all), F.count(all))}
          </span>
        )}
        {filter.trim() === '' && <span className="dim">{t.requests}</span>}
        {q.data && q.data.others.seen < q.data.others.all && (
          <span className="dim">{t.sampled(F.count(q.data.chosen.seen), F.count(q.data.others.seen))}</span>
        )}
      </div>
      {(q.error ?? d.error) && !q.data ? (
        <ErrorState error={q.error ?? d.error} retry={() => void (q.error ? q : d).refetch()} />
      ) : (slow && d.data && from === 0) || c?.all === 0 ? (
        <Empty title={slow ? t.noneSlow : t.noneFailing} text={t.noneText} />
      ) : !q.data ? (
        <SkeletonRows rows={12} />
      ) : rows.length === 0 ? (
        <Empty title={t.nothing} text={t.nothingText} />
      ) : (
        <DataTable
          caption={t.contrast}
          columns={columns}
          rows={rows}
          rowKey={(r) => `${r.key}\u0000${r.value}`}
          rowClass={() => classes.groupRow}
          rowProps={(_, i) => ({ 'data-current': i === at })}
        />
      )}
    </div>
  );
}
