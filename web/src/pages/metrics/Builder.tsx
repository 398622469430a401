// A query by choosing: how series are combined, by which labels they are grouped, and which
// of them are meant. It writes PromQL, which stands above and may be edited on.
import { Button, Checkbox, Menu, MultiSelect, Select } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, unwrap } from '~/api/client';
import { useTexts } from '~/i18n';
import { type Aggregation, aggregations, type Choices, read, write } from '~/lib/metricquery';
import { useRange } from '~/shell/RangeContext';
import { Icon } from '~/ui/Icon';
import classes from './metrics.module.css';
import { texts } from './metrics.texts';

/** The labels of a metric and their values, as its series have them at the end of the range. */
const labelsQuery = (metric: string, time: string) =>
  queryOptions({
    queryKey: ['metricLabels', metric],
    queryFn: async ({ signal }) => {
      const r = await unwrap(
        api.GET('/api/v1/metrics/query', {
          // A series may have ended within the range.
          params: { query: { query: `last_over_time(${metric}[1h])`, time } },
          signal,
        }),
      );
      const labels = new Map<string, Set<string>>();
      for (const s of r.series)
        for (const [k, v] of Object.entries(s.labels)) {
          if (k === '__name__') continue;
          const values = labels.get(k) ?? new Set();
          labels.set(k, values.add(v));
        }
      return [...labels]
        .map(([name, values]) => ({ name, values: [...values].sort() }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    staleTime: 60e3,
  });

export function Builder({ query, onQuery }: { query: string; onQuery: (q: string) => void }) {
  const t = useTexts(texts);
  const { scope } = useRange();
  const c = useMemo(() => read(query), [query]);
  const q = useQuery({ ...labelsQuery(c?.metric ?? '', scope.to), enabled: c !== undefined });
  if (!c) return null;
  const set = (patch: Partial<Choices>) => onQuery(write({ ...c, ...patch }));
  const buckets = c.metric.endsWith('_bucket');
  const labels = (q.data ?? []).filter((l) => l.name !== 'le');
  const known = [...new Set([...labels.map((l) => l.name), ...c.by])];
  return (
    <div className={classes.builder} role="group" aria-label={t.choices}>
      <Select
        size="xs"
        w={140}
        aria-label={t.aggregation}
        allowDeselect={false}
        data={aggregations
          .filter((a) => buckets || !a.startsWith('p'))
          .map((a) => ({ value: a || 'each', label: t.names[a] }))}
        value={c.aggregation || 'each'}
        onChange={(v) => {
          const aggregation = (v === 'each' ? '' : v) as Aggregation;
          set({ aggregation, ...(aggregation === '' ? { by: [] } : {}) });
        }}
      />
      <MultiSelect
        size="xs"
        miw={180}
        aria-label={t.by}
        placeholder={c.by.length === 0 ? t.by : ''}
        disabled={c.aggregation === ''}
        data={known}
        value={c.by}
        onChange={(by) => set({ by })}
        searchable
      />
      {c.where.map((w, i) => {
        const text = `${w.label} ${w.not ? t.isNot : t.is} ${w.value}`;
        return (
          <Button
            key={`${w.label}${w.value}`}
            size="xs"
            variant="light"
            rightSection={<Icon name="close" size={10} />}
            aria-label={t.remove(text)}
            onClick={() => set({ where: c.where.filter((_, k) => k !== i) })}
          >
            {text}
          </Button>
        );
      })}
      <Menu>
        <Menu.Target>
          <Button size="xs" variant="default" leftSection={<Icon name="plus" size={12} />}>
            {t.add}
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={360} style={{ overflow: 'auto' }}>
          {labels.map((l) => (
            <div key={l.name}>
              <Menu.Label>{l.name}</Menu.Label>
              {l.values.slice(0, 12).map((value) => (
                <Menu.Item
                  key={value}
                  onClick={() => set({ where: [...c.where, { label: l.name, value, not: false }] })}
                >
                  {value}
                </Menu.Item>
              ))}
            </div>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Checkbox
        size="xs"
        label={t.rate}
        checked={c.rate}
        onChange={(e) => set({ rate: e.currentTarget.checked })}
      />
    </div>
  );
}
