import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { ApiError } from '~/api/client';
import { traceLogsQuery, traceQuery } from '~/api/queries';
import type { Log, Trace } from '~/api/types';
import { useI18n } from '~/i18n';
import { colorsFor } from '~/lib/colors';
import { msOf } from '~/lib/time';
import { logRow } from '~/lib/waterfall';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Page } from '~/ui/Page';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useUrl } from '~/url';
import { Minimap } from './Minimap';
import { SpanPanel } from './SpanPanel';
import { TraceHeader } from './TraceHeader';
import { TraceTable } from './TraceTable';
import { TraceToolbar } from './TraceToolbar';
import { TraceVerdict } from './TraceVerdict';
import classes from './trace.module.css';
import { UsualBar } from './UsualBar';
import { useTraceState } from './useTraceState';
import { slowSpans, usualQuery } from './usual';
import { Waterfall } from './Waterfall';

const noLogs: Log[] = [];

export function TracePage() {
  const { t } = useI18n();
  const { traceId } = useParams({ strict: false }) as { traceId: string };
  const q = useQuery({
    ...traceQuery(traceId),
    // Spans of a trace that has just ended may still be under way.
    refetchInterval: (x) =>
      x.state.data && Date.now() - msOf(x.state.data.time) - x.state.data.duration_ns / 1e6 < 60_000
        ? 5000
        : false,
  });
  const logs = useQuery({ ...traceLogsQuery(traceId), enabled: (q.data?.log_count ?? 0) > 0 });
  if (q.error instanceof ApiError && q.error.status === 404) {
    return (
      <Page title={t.trace.title}>
        <Empty title={t.trace.notFound} text={t.trace.notFoundText}>
          <PageLink to="/traces">{t.trace.back}</PageLink>
        </Empty>
      </Page>
    );
  }
  if (q.error && !q.data) {
    return (
      <Page title={t.trace.title}>
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      </Page>
    );
  }
  if (!q.data) {
    return (
      <Page title={t.trace.title}>
        <SkeletonRows rows={16} height={18} />
      </Page>
    );
  }
  return (
    <Loaded key={`${traceId}/${q.data.spans.length}`} trace={q.data} logs={logs.data?.items ?? noLogs} />
  );
}

function Loaded({ trace, logs }: { trace: Trace; logs: Log[] }) {
  const { t } = useI18n();
  const { search, set } = useUrl();
  const state = useTraceState(trace, logs);
  const colors = useMemo(() => colorsFor(trace.services.map((s) => s.service)), [trace]);
  const [jump, setJump] = useState<{ index: number; n: number } | null>(null);
  // Only what answers requests or handles messages has others to be compared with.
  const comparable = trace.spans.some((s) => s.kind === 'server' || s.kind === 'consumer');
  const usual = useQuery({ ...usualQuery(trace.trace_id), enabled: comparable }).data;
  const slow = useMemo(() => slowSpans(usual), [usual]);
  const root = trace.spans[0];
  const openFromTable = useCallback(
    (i: number) => set({ view: '', span: trace.spans[i]!.span_id }),
    [set, trace],
  );
  const goTo = (index: number) => {
    state.reveal(index);
    setJump((j) => ({ index, n: (j?.n ?? 0) + 1 }));
  };
  const goToLog = (i: number) => {
    const span = state.tree.indexOf.get(logs[i]?.span_id ?? '');
    if (span !== undefined) state.reveal(span);
    if (!state.showLogs) set({ logs: '' }, { replace: true });
    setJump((j) => ({ index: logRow(i), n: (j?.n ?? 0) + 1 }));
  };
  return (
    <Page
      title={root ? `${root.service}: ${root.name}` : t.trace.title}
      fill
      aside={<TraceHeader trace={trace} colors={colors} />}
    >
      {usual && <UsualBar trace={trace} usual={usual} goTo={goTo} />}
      <TraceVerdict
        trace={trace}
        logs={logs}
        colors={colors}
        onSpan={(i) => {
          goTo(i);
          state.select(i);
        }}
        onLog={goToLog}
      />
      <TraceToolbar trace={trace} state={state} goTo={goTo} />
      {search.view === 'table' ? (
        <TraceTable trace={trace} rows={state.rows} onOpen={openFromTable} />
      ) : (
        <>
          <Minimap
            spans={trace.spans}
            total={state.total}
            view={state.view}
            onView={state.zoomTo}
            colors={colors}
          />
          <div className={classes.body}>
            <Waterfall trace={trace} logs={logs} state={state} colors={colors} slow={slow} jump={jump} />
            {state.selected !== undefined && (
              <SpanPanel
                trace={trace}
                index={state.selected}
                color={colors.get(trace.spans[state.selected]!.service)}
                onClose={() => state.select(undefined)}
              />
            )}
          </div>
        </>
      )}
    </Page>
  );
}
