import { SegmentedControl } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useRef, useState } from 'react';
import { durationsQuery, histogramQuery, tracesQuery } from '~/api/queries';
import type { TraceSummary } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { statusColor } from '~/lib/colors';
import { withDuration } from '~/lib/filter';
import { count, group } from '~/lib/format';
import { between } from '~/lib/range';
import { useRange } from '~/shell/RangeContext';
import { HeatMap } from '~/ui/chart/HeatMap';
import { type Box, durationsOf } from '~/ui/chart/heat';
import { ErrorState, isInvalid } from '~/ui/ErrorState';
import { ExportMenu } from '~/ui/ExportMenu';
import classes from '~/ui/explore.module.css';
import { Facets } from '~/ui/Facets';
import { FilterInput } from '~/ui/FilterInput';
import { IconButton } from '~/ui/IconButton';
import { Page } from '~/ui/Page';
import { RowsOverTime } from '~/ui/RowsOverTime';
import { SavedViews } from '~/ui/SavedViews';
import { ThinnedNotice } from '~/ui/ThinnedNotice';
import { useUrl } from '~/url';
import { Contrast } from './Contrast';
import { Groups } from './Groups';
import { TraceList } from './TraceList';
import { texts } from './traces.texts';

const none: TraceSummary[] = [];

/** exported are the columns of a file of spans. */
const exported = [
  'time',
  'duration',
  'service',
  'env',
  'name',
  'kind',
  'status',
  'endpoint',
  'trace_id',
  'span_id',
];

export function TracesPage() {
  const { t } = useI18n();
  const tt = useTexts(texts);
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
  const view = search.view === 'groups' || search.view === 'contrast' ? search.view : 'list';
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
        <SegmentedControl
          aria-label={tt.shown}
          value={view}
          onChange={(v) => set({ view: v === 'list' ? '' : v, by: '', sort: '' })}
          data={[
            { value: 'list', label: tt.list },
            { value: 'groups', label: tt.groups },
            { value: 'contrast', label: tt.contrast },
          ]}
        />
        <ExportMenu signal="spans" filter={filter} columns={exported} />
        <SavedViews page="traces" />
      </div>
      <ThinnedNotice signal="spans" query={range.scope} />
      <div className={classes.chart}>{bars ? <Bars filter={filter} /> : <Durations filter={filter} />}</div>
      <div className={classes.body}>
        {facets && (
          <aside className={classes.facets} aria-label={t.facets.title}>
            <Facets signal="spans" scope={range.scope} filter={filter} onFilter={setFilter} />
          </aside>
        )}
        <section className={classes.list} aria-label={t.traces.list}>
          {view === 'groups' ? (
            <Groups filter={filter} />
          ) : view === 'contrast' ? (
            <Contrast filter={filter} />
          ) : q.error && rows.length === 0 ? (
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

function Bars({ filter }: { filter: string }) {
  const { t } = useI18n();
  const groups = useMemo(
    () => [
      { key: 'error', label: t.traces.error, color: statusColor('error'), has: (k: string) => k === 'error' },
      { key: 'other', label: t.traces.ok, color: statusColor('ok'), has: (k: string) => k !== 'error' },
    ],
    [t],
  );
  return <RowsOverTime signal="spans" filter={filter} groups={groups} label={t.traces.histogram} />;
}

/** The durations of all spans of the filter; what is clicked goes into filter and range. */
function Durations({ filter }: { filter: string }) {
  const { t } = useI18n();
  const { search, set } = useUrl();
  const { scope } = useRange();
  const q = useQuery(durationsQuery(scope, filter, 120));
  const data = useMemo(() => (q.data ? durationsOf(q.data) : { stepMs: 60e3, cells: [] }), [q.data]);
  const select = (box: Box) =>
    set({
      ...between(box.fromMs, box.toMs),
      filter: withDuration(search.filter ?? '', box.lower, box.upper),
    });
  if (q.error && !q.data && !isInvalid(q.error))
    return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  return (
    <div className={q.isPlaceholderData ? 'stale' : undefined} style={{ minHeight: 196 }}>
      <HeatMap label={t.traces.durationMap} data={data} unit="duration" height={176} onSelect={select} />
    </div>
  );
}
