// The legend as a table that sorts, with the figures of each series. Loaded lazily: most
// charts have names alone.
import { Checkbox } from '@mantine/core';
import { useState } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { exact, say } from '~/lib/units';
import { useRange } from '~/shell/RangeContext';
import { type Column, DataTable } from '~/ui/DataTable';
import { Change } from './Change';
import classes from './chart.module.css';
import { type Series, type Summary, summaryOf } from './data';
import type { LegendProps } from './Legend';
import { texts } from './texts';

interface Line extends Summary {
  s: Series;
  before: number | null;
}

/** It also stands for the chart where that cannot be seen. */
export default function Figures({ label, series, unit, hidden, toggle, hurts }: LegendProps) {
  const { lang } = useI18n();
  const t = useTexts(texts);
  const { compare } = useRange();
  const [sort, setSort] = useState('-last');
  const rows = series.map(
    (s): Line => ({
      s,
      ...summaryOf(s.values),
      before: s.before ? summaryOf(s.before).mean : null,
    }),
  );
  const columns: Column<Line>[] = [
    {
      id: 'show',
      header: <span className="visually-hidden">{t.show}</span>,
      width: 34,
      cell: (l) => (
        <Checkbox
          size="xs"
          aria-label={`${t.show}: ${l.s.label}`}
          checked={!hidden.has(l.s.key)}
          color={l.s.color}
          onChange={() => toggle(l.s.key)}
        />
      ),
    },
    {
      id: 'name',
      header: t.series,
      value: (l) => l.s.label,
      cell: (l) => (
        <span className={classes.series} title={l.s.key}>
          <i style={{ background: l.s.color }} />
          {l.s.label}
        </span>
      ),
    },
    ...(['last', 'min', 'mean', 'max'] as const).map(
      (k): Column<Line> => ({
        id: k,
        header: t[k],
        numeric: true,
        value: (l) => l[k] ?? Number.NEGATIVE_INFINITY,
        cell: (l) => <span title={exact(l[k], unit, lang)}>{say(l[k], unit, lang)}</span>,
      }),
    ),
  ];
  if (compare && series.some((s) => s.before))
    columns.push({
      id: 'change',
      header: t.change,
      numeric: true,
      value: (l) => (l.before ? (l.mean ?? 0) / l.before : Number.NEGATIVE_INFINITY),
      cell: (l) => <Change now={l.mean} before={l.before} unit={unit} {...(hurts ? { hurts } : {})} />,
    });
  return (
    <DataTable
      caption={`${label}: ${t.series}`}
      columns={columns}
      rows={rows}
      rowKey={(l) => l.s.key}
      sort={sort}
      onSort={setSort}
    />
  );
}
