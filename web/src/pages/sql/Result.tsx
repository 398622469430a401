// The answer to a statement: as a table, or drawn, and as a file.
import { Button, Menu, MultiSelect, SegmentedControl, Select } from '@mantine/core';
import { useMemo } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { palette } from '~/lib/colors';
import { duration, group, metricValue } from '~/lib/format';
import { csv, drawn, given, isNumber, ndjson, type Plan } from '~/lib/table';
import { useRange } from '~/shell/RangeContext';
import type { ChartData, Kind } from '~/ui/chart/data';
import { TimeChart } from '~/ui/chart/TimeChart';
import { Empty } from '~/ui/Empty';
import { Icon } from '~/ui/Icon';
import { useUrl } from '~/url';
import { Grid } from './Grid';
import classes from './sql.module.css';
import { texts } from './sql.texts';
import type { Answer } from './useRun';

export function Result({ answer }: { answer: Answer }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { search, set } = useUrl();
  const { columns } = answer;
  const rows = answer.rows as unknown[][];
  const shape = search.chart === 'line' || search.chart === 'bars' ? search.chart : 'table';
  const plan = useMemo(() => given(columns, search), [columns, search]);
  const save = (kind: 'csv' | 'ndjson') => {
    const text = kind === 'csv' ? csv(columns, rows) : ndjson(columns, rows);
    const url = URL.createObjectURL(
      new Blob([text], { type: kind === 'csv' ? 'text/csv;charset=utf-8' : 'application/x-ndjson' }),
    );
    const a = document.createElement('a');
    a.href = url;
    a.download = `yagura-sql-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}.${kind}`;
    a.click();
    // Not at once: the browser still reads it.
    setTimeout(() => URL.revokeObjectURL(url), 60e3);
  };
  if (rows.length === 0) return <Empty title={t.noRows} text={t.noRowsText} />;
  return (
    <>
      <div className={classes.resultBar}>
        <SegmentedControl
          size="xs"
          aria-label={t.shape}
          value={shape}
          data={(['table', 'line', 'bars'] as const).map((value) => ({ value, label: t[value] }))}
          onChange={(v) => set({ chart: v === 'table' ? '' : v }, { replace: true })}
        />
        <span className="dim">{t.got(group(rows.length), duration(answer.took_ns, lang))}</span>
        <span className={classes.grow} />
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="xs" variant="default" rightSection={<Icon name="expand" size={12} />}>
              {t.export}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => save('csv')}>{t.csv}</Menu.Item>
            <Menu.Item onClick={() => save('ndjson')}>{t.ndjson}</Menu.Item>
            <Menu.Label>{t.exportHint}</Menu.Label>
          </Menu.Dropdown>
        </Menu>
      </div>
      {answer.more && <p className={`warn ${classes.note}`}>{t.more(group(rows.length))}</p>}
      {shape === 'table' ? (
        <Grid
          columns={columns}
          rows={rows}
          sort={search.sort ?? ''}
          onSort={(sort) => set({ sort }, { replace: true })}
        />
      ) : plan ? (
        <Chart answer={answer} plan={plan} kind={shape} />
      ) : (
        <Empty title={t.noNumbers} />
      )}
    </>
  );
}

function Chart({ answer, plan, kind }: { answer: Answer; plan: Plan; kind: Kind }) {
  const t = useTexts(texts);
  const { set } = useUrl();
  const { fromMs, toMs } = useRange();
  const { columns } = answer;
  const d = useMemo(() => drawn(columns, answer.rows as unknown[][], plan), [columns, answer.rows, plan]);
  const data = useMemo<ChartData>(
    () => ({
      times: d.times ?? [],
      stepMs: d.stepMs,
      series: d.series.map((s, i) => ({
        key: s.key,
        label: s.key,
        color: palette[i % palette.length]!,
        values: s.values,
      })),
    }),
    [d],
  );
  const outside = d.times !== undefined && !d.times.some((ms) => ms + d.stepMs >= fromMs && ms <= toMs);
  return (
    <div className={classes.chart}>
      <div className={classes.plan}>
        <Select
          size="xs"
          label={t.axis}
          allowDeselect={false}
          data={columns.map((c) => c.name)}
          value={plan.x}
          onChange={(x) => set({ x: x ?? '' }, { replace: true })}
        />
        <MultiSelect
          size="xs"
          label={t.values}
          data={columns.filter((c) => isNumber(c.type) && c.name !== plan.x).map((c) => c.name)}
          value={plan.y}
          onChange={(y) => set({ y: y.join(',') }, { replace: true })}
        />
        <Select
          size="xs"
          label={t.by}
          allowDeselect={false}
          data={[
            { value: '-', label: t.nothing },
            ...columns
              .filter((c) => c.name !== plan.x && !plan.y.includes(c.name))
              .map((c) => ({ value: c.name, label: c.name })),
          ]}
          value={plan.by ?? '-'}
          onChange={(by) => set({ by: by ?? '' }, { replace: true })}
        />
      </div>
      {outside && <p className="warn">{t.outside}</p>}
      {d.left > 0 && <p className="dim">{t.left(group(d.left))}</p>}
      {d.times ? (
        <TimeChart label={t.result} data={data} unit="value" kind={kind} height={300} legend="table" />
      ) : (
        <Bars labels={d.labels ?? []} series={data.series} axis={plan.x} />
      )}
    </div>
  );
}

/** Bars of what has names and no time: a table that is its own chart. */
function Bars({ labels, series, axis }: { labels: string[]; series: ChartData['series']; axis: string }) {
  const t = useTexts(texts);
  const most = Math.max(...series.flatMap((s) => s.values.map((v) => Math.abs(v ?? 0))), Number.MIN_VALUE);
  return (
    <table className={classes.bars}>
      <caption className="visually-hidden">{t.result}</caption>
      <thead>
        <tr>
          <th scope="col">{axis}</th>
          {series.map((s) => (
            <th scope="col" key={s.key}>
              <i style={{ background: s.color }} /> {s.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {labels.map((l, i) => (
          <tr key={l}>
            <th scope="row" title={l}>
              {l || '–'}
            </th>
            {series.map((s) => {
              const v = s.values[i] ?? null;
              return (
                <td key={s.key} title={v === null ? undefined : String(v)}>
                  {v !== null && (
                    <span>
                      <i style={{ background: s.color, width: `${(70 * Math.abs(v)) / most}%` }} />
                      {metricValue(v)}
                    </span>
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
