import { Button, SegmentedControl } from '@mantine/core';
import { useHotkeys, useLocalStorage } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { histogramQuery } from '~/api/queries';
import type { Log } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { levelColor, levels } from '~/lib/colors';
import { columnsOf, toggled } from '~/lib/columns';
import * as Fl from '~/lib/filter';
import { count, group } from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { ErrorState } from '~/ui/ErrorState';
import { ExportMenu } from '~/ui/ExportMenu';
import classes from '~/ui/explore.module.css';
import { Facets } from '~/ui/Facets';
import { FilterInput } from '~/ui/FilterInput';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { KeyMenu } from '~/ui/KeyMenu';
import { Page } from '~/ui/Page';
import { RowsOverTime } from '~/ui/RowsOverTime';
import { SavedViews } from '~/ui/SavedViews';
import { ThinnedNotice } from '~/ui/ThinnedNotice';
import { useUrl } from '~/url';
import { LogDetail } from './LogDetail';
import { LogList } from './LogList';
import { texts } from './logs.texts';
import { rowParam, useOpenRow } from './openRow';
import { Patterns } from './Patterns';
import { TailBar } from './TailBar';
import { useLogRows } from './useLogRows';
import { useTail } from './useTail';

export function LogsPage() {
  const { t } = useI18n();
  const tl = useTexts(texts);
  const { search, set } = useUrl();
  const range = useRange();
  const filter = search.filter ?? '';
  const patterns = search.view === 'patterns';
  const tailing = search.tail === '1' && !patterns;
  const columns = useMemo(() => columnsOf(search.columns), [search.columns]);
  const onColumn = (key: string) => set({ columns: toggled(columns, key) }, { replace: true });
  const [atTop, setAtTop] = useState(true);
  const [facets, setFacets] = useLocalStorage({
    key: 'yagura.facets',
    defaultValue: true,
    getInitialValueInEffect: false,
  });

  const tail = useTail(tailing, filter, range.scope.env, !atTop);
  const rangeKey = `${range.raw.from}|${range.raw.to}`;
  const { q, rows } = useLogRows(range.scope, filter, rangeKey, atTop && !search.row && !tailing, tail.rows);
  const open = useOpenRow(search.row, rows);
  const words = useMemo(() => Fl.words(filter), [filter]);

  const setFilter = (text: string) => set({ filter: text, row: '' });
  const openRow = (log: Log | undefined) =>
    set({ row: log ? rowParam(log) : '' }, { replace: search.row !== undefined && log !== undefined });
  useHotkeys([['Escape', () => search.row && openRow(undefined)]]);

  return (
    <Page title={t.logs.title} fill aside={<Total filter={filter} />}>
      <div className={classes.bar}>
        <IconButton
          icon="facets"
          label={t.facets.toggle}
          pressed={facets}
          onClick={() => setFacets(!facets)}
        />
        <FilterInput signal="logs" value={filter} onSubmit={setFilter} placeholder={t.logs.placeholder} />
        <Button
          variant={tailing ? 'filled' : 'default'}
          aria-pressed={tailing}
          leftSection={<Icon name={tailing ? 'pause' : 'play'} size={14} />}
          onClick={() => set({ tail: tailing ? '' : '1', ...(tailing ? {} : { row: '' }) })}
        >
          {tailing ? t.logs.stopTail : t.logs.tail}
        </Button>
        <SegmentedControl
          aria-label={tl.shown}
          value={patterns ? 'patterns' : 'lines'}
          onChange={(v) => set({ view: v === 'patterns' ? v : '', row: '', tail: '', sort: '' })}
          data={[
            { value: 'lines', label: tl.lines },
            { value: 'patterns', label: tl.patterns },
          ]}
        />
        <KeyMenu
          signal="logs"
          label={tl.addColumn}
          chosen={columns}
          onChoose={onColumn}
          many
          except={inEveryRow}
        >
          <Button variant="default" title={tl.columnsHint} disabled={patterns}>
            {tl.columns}
            {columns.length > 0 && ` ${columns.length}`}
          </Button>
        </KeyMenu>
        <ExportMenu
          signal="logs"
          filter={filter}
          columns={['time', 'level', 'service', ...columns, 'body']}
        />
        <SavedViews page="logs" />
      </div>
      <ThinnedNotice signal="logs" query={range.scope} />
      <Bars filter={filter} />
      <div className={classes.body}>
        {facets && (
          <aside className={classes.facets} aria-label={t.facets.title}>
            <Facets signal="logs" scope={range.scope} filter={filter} onFilter={setFilter} />
          </aside>
        )}
        <section className={classes.list} aria-label={t.logs.list}>
          {tailing && <TailBar tail={tail} />}
          {patterns ? (
            <Patterns filter={filter} />
          ) : q.error && rows.length === 0 ? (
            <ErrorState error={q.error} retry={() => void q.refetch()} />
          ) : (
            <LogList
              key={`${rangeKey}|${filter}|${range.scope.env}`}
              rows={rows}
              words={words}
              loading={q.isPending}
              stale={q.isPlaceholderData}
              more={q.hasNextPage}
              loadMore={() => !q.isFetchingNextPage && void q.fetchNextPage()}
              moreError={q.isFetchNextPageError ? q.error : null}
              openId={open?.id}
              onOpen={openRow}
              onAtTop={setAtTop}
              waiting={tail.waiting}
              wide={range.toMs - range.fromMs > 20 * 3600e3}
              filtered={filter !== ''}
              columns={columns}
              onColumn={onColumn}
            />
          )}
        </section>
        {search.row && (
          <LogDetail
            log={open}
            rows={rows}
            onOpen={openRow}
            filter={filter}
            onFilter={(text) => set({ filter: text })}
            words={words}
            columns={columns}
            onColumn={onColumn}
          />
        )}
      </div>
    </Page>
  );
}

/** Keys that need no column of their own. */
const inEveryRow = ['time', 'level', 'service', 'body'];

function Total({ filter }: { filter: string }) {
  const { t } = useI18n();
  const { scope } = useRange();
  const h = useQuery(histogramQuery('logs', scope, filter, 80));
  if (!h.data) return null;
  let n = 0;
  for (const b of h.data.buckets) for (const c of Object.values(b.counts)) n += c;
  return (
    <span className="dim" title={group(n)}>
      {t.logs.total(count(n))}
    </span>
  );
}

function Bars({ filter }: { filter: string }) {
  const { t } = useI18n();
  // The worst at the bottom, where bars start together and can be compared.
  const groups = useMemo(
    () =>
      levels.map((l) => ({
        key: l || 'none',
        label: l ? l.toUpperCase() : t.logs.noLevel,
        color: levelColor(l),
        has: (k: string) => k === l,
      })),
    [t],
  );
  return (
    <div className={classes.chart}>
      <RowsOverTime signal="logs" filter={filter} groups={groups} label={t.logs.histogram} />
    </div>
  );
}
