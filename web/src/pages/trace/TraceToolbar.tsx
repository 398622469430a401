import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Trace } from '~/api/types';
import { useT } from '~/i18n';
import { group } from '~/lib/format';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { useUrl } from '~/url';
import classes from './trace.module.css';
import type { TraceState } from './useTraceState';

interface Props {
  trace: Trace;
  state: TraceState;
  goTo: (index: number) => void;
}

export function TraceToolbar({ trace, state, goTo }: Props) {
  const t = useT();
  const { search, set } = useUrl();
  const [at, setAt] = useState(-1);
  const { matches } = state;
  const step = (by: number) => {
    if (matches.length === 0) return;
    const next = at < 0 ? (by > 0 ? 0 : matches.length - 1) : (at + by + matches.length) % matches.length;
    setAt(next);
    goTo(matches[next]!);
  };
  const only = (kind: string) => set({ only: state.only === kind ? '' : kind }, { replace: true });
  const zoomed = state.view.from > 0 || state.view.to < state.total;
  const toggle = (label: string, hint: string, on: boolean, onClick: () => void) => (
    <Button variant={on ? 'light' : 'default'} aria-pressed={on} title={hint} onClick={onClick} px={10}>
      {label}
    </Button>
  );
  return (
    <div className={classes.toolbar}>
      <TextInput
        data-filter-input
        w={230}
        placeholder={t.trace.search}
        aria-label={t.trace.search}
        leftSection={<Icon name="search" size={14} />}
        value={state.text}
        onChange={(e) => {
          state.find(e.currentTarget.value);
          setAt(-1);
        }}
        onKeyDown={(e) => {
          if (e.nativeEvent.isComposing) return;
          if (e.key === 'Enter') step(e.shiftKey ? -1 : 1);
          if (e.key === 'Escape') e.currentTarget.blur();
        }}
      />
      {state.text.trim() !== '' && (
        <span className="dim nowrap" role="status">
          {matches.length === 0
            ? t.trace.noMatch
            : t.trace.matches(at < 0 ? '–' : group(at + 1), group(matches.length))}
        </span>
      )}
      <IconButton
        icon="up"
        label={t.trace.previous}
        size="sm"
        disabled={matches.length === 0}
        onClick={() => step(-1)}
      />
      <IconButton
        icon="down"
        label={t.trace.next}
        size="sm"
        disabled={matches.length === 0}
        onClick={() => step(1)}
      />
      <span className={classes.gap} />
      {toggle(t.trace.critical, t.trace.criticalHint, state.only === 'critical', () => only('critical'))}
      {trace.services.some((s) => s.errors > 0) &&
        toggle(t.trace.errorsOnly, t.trace.errorsHint, state.only === 'errors', () => only('errors'))}
      {trace.log_count > 0 &&
        toggle(t.trace.showLogs, t.trace.allLogs, state.showLogs, () =>
          set({ logs: state.showLogs ? '0' : '' }, { replace: true }),
        )}
      <Button variant="default" px={10} onClick={state.expandAll}>
        {t.trace.expandAll}
      </Button>
      <Button variant="default" px={10} onClick={state.collapseDeep}>
        {t.trace.collapse}
      </Button>
      {zoomed && (
        <Button
          variant="default"
          px={10}
          leftSection={<Icon name="zoomOut" size={14} />}
          onClick={() => state.zoomTo({ from: 0, to: state.total })}
        >
          {t.trace.resetZoom}
        </Button>
      )}
      <span className={classes.push} />
      <SegmentedControl
        aria-label={t.trace.view}
        value={search.view === 'table' ? 'table' : 'waterfall'}
        onChange={(v) => set({ view: v === 'table' ? 'table' : '' })}
        data={[
          { value: 'waterfall', label: t.trace.waterfall },
          { value: 'table', label: t.trace.table },
        ]}
      />
    </div>
  );
}
