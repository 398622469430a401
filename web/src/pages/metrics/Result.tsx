import { Checkbox } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { MetricResult } from '~/api/types';
import { useI18n } from '~/i18n';
import { palette } from '~/lib/colors';
import { group, metricValue } from '~/lib/format';
import { align, type Summary, seriesNames, summarise } from '~/lib/promql';
import { type Column, DataTable } from '~/ui/DataTable';
import { Chart } from './Chart';
import classes from './metrics.module.css';

/** More lines than this say nothing, and cost time to draw. */
const DRAWN = 40;

interface Line extends Summary {
  id: number;
  name: string;
  color: string;
  labels: Record<string, string>;
}

interface Props {
  result: MetricResult;
  log: boolean;
  fromMs: number;
  toMs: number;
  onZoom: (fromMs: number, toMs: number) => void;
}

export function Result({ result, log, fromMs, toMs, onZoom }: Props) {
  const { t } = useI18n();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [sort, setSort] = useState('-last');
  const { shown, lines, data } = useMemo(() => {
    const all = result.series.map((s) => ({ s, sum: summarise(s.points) }));
    const largest =
      all.length > DRAWN ? [...all].sort((a, b) => (b.sum.max || 0) - (a.sum.max || 0)).slice(0, DRAWN) : all;
    const names = seriesNames(largest.map((x) => x.s.labels));
    return {
      shown: largest.length,
      data: align(
        largest.map((x) => x.s),
        (result.step_ns ?? 0) / 1e6,
      ),
      lines: largest.map(
        (x, i): Line => ({
          id: i,
          name: names[i] === '{}' ? t.metrics.scalar : names[i]!,
          color: palette[i % palette.length]!,
          labels: x.s.labels,
          ...x.sum,
        }),
      ),
    };
  }, [result, t]);
  const toggle = (name: string) => {
    const next = new Set(hidden);
    if (!next.delete(name)) next.add(name);
    setHidden(next);
  };
  const columns: Column<Line>[] = [
    {
      id: 'show',
      header: <span className="visually-hidden">{t.table.show}</span>,
      width: 34,
      cell: (l) => (
        <Checkbox
          size="xs"
          aria-label={`${t.metrics.show}: ${l.name}`}
          checked={!hidden.has(l.name)}
          color={l.color}
          onChange={() => toggle(l.name)}
        />
      ),
    },
    {
      id: 'name',
      header: t.metrics.label,
      value: (l) => l.name,
      cell: (l) => (
        <span className={classes.series} title={JSON.stringify(l.labels, null, 1)}>
          <i style={{ background: l.color }} />
          {l.name}
        </span>
      ),
    },
    ...(['last', 'min', 'mean', 'max'] as const).map(
      (k): Column<Line> => ({
        id: k,
        header: k === 'mean' ? t.metrics.avg : t.metrics[k],
        numeric: true,
        value: (l) => (Number.isNaN(l[k]) ? Number.NEGATIVE_INFINITY : l[k]),
        cell: (l) => <span title={String(l[k])}>{Number.isNaN(l[k]) ? '–' : metricValue(l[k])}</span>,
      }),
    ),
  ];
  return (
    <>
      {result.warnings.map((w) => (
        <p key={w} className="warn">
          {w}
        </p>
      ))}
      <Chart
        data={data}
        lines={lines.map((l) => ({ name: l.name, color: l.color, shown: !hidden.has(l.name) }))}
        log={log}
        fromMs={fromMs}
        toMs={toMs}
        onZoom={onZoom}
        label={t.metrics.chart}
      />
      {shown < result.series.length && (
        <p className="dim">{t.metrics.tooMany(group(shown), group(result.series.length))}</p>
      )}
      <DataTable
        caption={t.metrics.label}
        columns={columns}
        rows={lines}
        rowKey={(l) => l.name}
        sort={sort}
        onSort={setSort}
      />
    </>
  );
}
