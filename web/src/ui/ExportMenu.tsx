// Takes what a filter finds along as a file: the browser saves the answer as it streams in.
import { Button, Menu } from '@mantine/core';
import type { RowSignal } from '~/api/queries';
import { useTexts } from '~/i18n';
import { useRange } from '~/shell/RangeContext';
import { Icon } from './Icon';

interface Props {
  signal: RowSignal;
  filter: string;
  /** columns of CSV, as the filter knows them. */
  columns: readonly string[];
}

export function ExportMenu({ signal, filter, columns }: Props) {
  const t = useTexts(texts);
  const { scope } = useRange();
  const href = (format: 'ndjson' | 'csv') => {
    const p = new URLSearchParams({ from: scope.from, to: scope.to, format });
    if (scope.env) p.set('env', scope.env);
    if (filter.trim()) p.set('filter', filter.trim());
    if (format === 'csv') p.set('columns', columns.join(','));
    return `/api/v1/${signal}/export?${p}`;
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" rightSection={<Icon name="expand" size={12} />}>
          {t.export}
        </Button>
      </Menu.Target>
      <Menu.Dropdown maw={320}>
        <Menu.Item component="a" href={href('ndjson')} download>
          {t.ndjson}
        </Menu.Item>
        <Menu.Item component="a" href={href('csv')} download>
          {t.csv}
          <div className="dim mono">{columns.join(', ')}</div>
        </Menu.Item>
        <Menu.Label>{t.hint}</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}

const texts = {
  en: {
    export: 'Export',
    hint: 'All that the filter finds in this range, newest first, up to a million rows.',
    ndjson: 'NDJSON: whole rows',
    csv: 'CSV: these columns',
  },
  ja: {
    export: 'エクスポート',
    hint: 'この期間でフィルターに合うものすべてを、新しい順に最大100万行まで出力します。',
    ndjson: 'NDJSON（すべての項目）',
    csv: 'CSV（次の列）',
  },
};
