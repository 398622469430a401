import { SegmentedControl } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { histogramQuery, tracesQuery } from '~/api/queries';
import type { TraceSummary } from '~/api/types';
import { useI18n } from '~/i18n';
import { statusColor } from '~/lib/colors';
import { count, group } from '~/lib/format';
import { between } from '~/lib/range';
import { useRange } from '~/shell/RangeContext';
import { ErrorState, isInvalid } from '~/ui/ErrorState';
import classes from '~/ui/explore.module.css';
import { Facets } from '~/ui/Facets';
import { FilterInput } from '~/ui/FilterInput';
import { IconButton } from '~/ui/IconButton';
import { Page } from '~/ui/Page';
import { TimeBars } from '~/ui/TimeBars';
import { useUrl } from '~/url';
import { Scatter } from './Scatter';
import { TraceList } from './TraceList';

const none: TraceSummary[] = [];

export function TracesPage() {
  const { t } = useI18n();
  const { search, set } = useUrl();
  const range = useRange();
  const filter = search.filter ?? '';
  const [facets, setFacets] = useLocalStorage({
    key: 'yagura.facets',
    defaultValue: true,
    getInitialValueInEffect: false,
  });
  const [atTop, setAtTop] = useState(true);

  // A list that is being read keeps its place while the range moves on.
  const key = `${range.raw.from}|${range.raw.to}|${range.scope.env}|${filter}`;
  const frozen = useRef({ key, scope: range.scope });
  if (atTop || frozen.current.key !== key) frozen.current = { key, scope: range.scope };
  const q = useInfiniteQuery(tracesQuery(frozen.current.scope, filter));
  const rows = useMemo(() => q.data?.pages.flatMap((p) => p.items) ?? none, [q.data]);
  const h = useQuery(histogramQuery('spans', range.scope, filter, 80));
  const setFilter = (text: string) => set({ filter: text });
  const bars = search.chart !== 'durations';

  return (
    <Page title={t.traces.title} fill aside={<Total data={h.data} />}>
      <div className={classes.bar}>
        <IconButton
          icon="facets"
          label={t.facets.toggle}
          pressed={facets}
          onClick={() => setFacets(!facets)}
        />
        <FilterInput signal="spans" value={filter} onSubmit={setFilter} placeholder={t.traces.placeholder} />
        <SegmentedControl
          aria-label={t.traces.chartKind}
          value={bars ? 'time' : 'durations'}
          onChange={(v) => set({ chart: v === 'durations' ? v : '' }, { replace: true })}
          data={[
            { value: 'time', label: t.traces.overTime },
            { value: 'durations', label: t.traces.durations },
          ]}
        />
      </div>
      <div className={classes.chart}>
        {bars ? (
          h.error && !h.data && !isInvalid(h.error) ? (
            <ErrorState error={h.error} retry={() => void h.refetch()} />
          ) : (
            <Bars data={h.data} stale={h.isPlaceholderData} />
          )
        ) : (
          <div className={q.isPlaceholderData ? 'stale' : undefined}>
            <Scatter
              traces={rows}
              fromMs={range.fromMs}
              toMs={range.toMs}
              onZoom={(a, b) => range.setRange(between(a, b))}
            />
          </div>
        )}
      </div>
      <div className={classes.body}>
        {facets && (
          <aside className={classes.facets} aria-label={t.facets.title}>
            <Facets signal="spans" scope={range.scope} filter={filter} onFilter={setFilter} />
          </aside>
        )}
        <section className={classes.list} aria-label={t.traces.list}>
          {q.error && rows.length === 0 ? (
            <ErrorState error={q.error} retry={() => void q.refetch()} />
          ) : (
            <TraceList
              key={key}
              rows={rows}
              loading={q.isPending}
              stale={q.isPlaceholderData}
              more={q.hasNextPage}
              moreError={q.isFetchNextPageError ? q.error : null}
              loadMore={() => !q.isFetchingNextPage && void q.fetchNextPage()}
              onAtTop={setAtTop}
              filtered={filter !== ''}
            />
          )}
        </section>
      </div>
    </Page>
  );
}

type H = { step_ns: number; buckets: { time: string; counts: Record<string, number> }[] };

function Total({ data }: { data: H | undefined }) {
  const { t } = useI18n();
  if (!data) return null;
  let n = 0;
  for (const b of data.buckets) for (const c of Object.values(b.counts)) n += c;
  return (
    <span className="dim" title={group(n)}>
      {t.traces.total(count(n))}
    </span>
  );
}

function Bars({ data, stale }: { data: H | undefined; stale: boolean }) {
  const { t } = useI18n();
  const range = useRange();
  const groups = [
    { key: 'error', label: t.traces.error, color: statusColor('error') },
    { key: 'other', label: t.traces.ok, color: statusColor('ok') },
  ];
  const merged = useMemo(
    () => ({
      step_ns: data?.step_ns ?? 60e9,
      buckets: (data?.buckets ?? []).map((b) => {
        const { error = 0, ...rest } = b.counts;
        return { time: b.time, counts: { error, other: Object.values(rest).reduce((x, y) => x + y, 0) } };
      }),
    }),
    [data],
  );
  return (
    <div className={stale ? 'stale' : undefined}>
      <TimeBars
        histogram={merged}
        groups={groups}
        fromMs={range.fromMs}
        toMs={range.toMs}
        label={t.traces.histogram}
        onZoom={(a, b) => range.setRange(between(a, b))}
      />
      <div className={classes.legend} aria-hidden="true">
        {groups.map((g) => (
          <span key={g.key}>
            <i style={{ background: g.color }} />
            {g.label}
          </span>
        ))}
      </div>
    </div>
  );
}
