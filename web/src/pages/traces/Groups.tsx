// Spans counted by the values of any attribute, with how many of them failed.
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { facetsQuery } from '~/api/queries';
import { useTexts } from '~/i18n';
import { add } from '~/lib/filter';
import * as F from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { type Column, DataTable, sortRows } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { KeyMenu } from '~/ui/KeyMenu';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { useUrl } from '~/url';
import classes from './traces.module.css';
import { texts } from './traces.texts';

interface Line {
  value: string;
  count: number;
  errors: number;
}

/** As many values as the server gives at once. */
const VALUES = 100;

/** Values of these are as many as there are spans. */
const unique = ['trace_id', 'span_id', 'parent_id', 'duration', 'time'];

export function Groups({ filter }: { filter: string }) {
  const t = useTexts(texts);
  const { search, set } = useUrl();
  const { scope } = useRange();
  const key = search.by ?? 'endpoint';
  const all = useQuery(facetsQuery('spans', scope, filter, key, VALUES));
  const bad = useQuery(facetsQuery('spans', scope, add(filter, 'status', 'error'), key, VALUES));
  const facet = all.data?.items.find((f) => f.key === key);
  const lines = useMemo(() => {
    const errors = new Map(bad.data?.items.find((f) => f.key === key)?.values.map((v) => [v.value, v.count]));
    return (facet?.values ?? []).map(
      (v): Line => ({ value: v.value, count: v.count, errors: errors.get(v.value) ?? 0 }),
    );
  }, [facet, bad.data, key]);
  const most = Math.max(1, ...lines.map((l) => l.count));
  const columns: Column<Line>[] = [
    {
      id: 'value',
      header: facet?.label ?? key,
      width: '55%',
      value: (l) => l.value,
      cell: (l) => (
        <PageLink to="/traces" search={{ filter: add(filter, key, l.value) }} className={classes.value}>
          {l.value || t.empty}
        </PageLink>
      ),
    },
    {
      id: 'spans',
      header: t.spans,
      numeric: true,
      value: (l) => l.count,
      cell: (l) => (
        <span className={classes.counted}>
          <span className={classes.track}>
            <span className={classes.bar} style={{ width: `${(l.count / most) * 100}%` }} />
          </span>
          <span className={classes.figure} title={F.group(l.count)}>
            {F.count(l.count)}
          </span>
        </span>
      ),
    },
    {
      id: 'errors',
      header: t.errors,
      numeric: true,
      value: (l) => l.errors,
      cell: (l) =>
        l.errors > 0 ? (
          <PageLink
            to="/traces"
            search={{ filter: add(add(filter, key, l.value), 'status', 'error') }}
            className="bad"
            title={F.group(l.errors)}
          >
            {F.count(l.errors)}
          </PageLink>
        ) : (
          '0'
        ),
    },
    {
      id: 'share',
      header: t.share,
      numeric: true,
      value: (l) => l.errors / Math.max(1, l.count),
      cell: (l) => F.percent(l.errors / Math.max(1, l.count)),
    },
  ];
  const sort = search.sort ?? '';
  const rows = sortRows(lines, columns, sort);
  const [at] = useRows(rows.length, (i) => {
    const l = rows[i];
    if (l) set({ view: '', by: '', sort: '', filter: add(filter, key, l.value) });
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys too
    <div className={`${classes.panel} ${all.isPlaceholderData ? 'stale' : ''}`} tabIndex={0}>
      <div className={classes.panelBar}>
        <KeyMenu
          signal="spans"
          label={t.groupBy}
          chosen={[key]}
          except={unique}
          onChoose={(by) => set({ by, sort: '' })}
        >
          <Button variant="default" rightSection={<Icon name="expand" size={12} />}>
            <span className="dim">{t.by}</span>&nbsp;<span className="mono">{key}</span>
          </Button>
        </KeyMenu>
        {facet && facet.distinct > lines.length * 1.05 && (
          <span className="dim">{t.rest(F.count(facet.distinct))}</span>
        )}
      </div>
      {all.error && !all.data ? (
        <ErrorState error={all.error} retry={() => void all.refetch()} />
      ) : !all.data ? (
        <SkeletonRows rows={12} />
      ) : lines.length === 0 ? (
        <Empty title={t.noValue(key)} text={t.noValueText} />
      ) : (
        <DataTable
          caption={`${t.groups}: ${key}`}
          columns={columns}
          rows={rows}
          rowKey={(l) => l.value}
          sort={sort}
          onSort={(s) => set({ sort: s }, { replace: true })}
          rowClass={() => classes.groupRow}
          rowProps={(_, i) => ({ 'data-current': i === at })}
        />
      )}
    </div>
  );
}
