import { Button } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useState } from 'react';
import type { Log } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import { prettyJson } from '~/lib/json';
import { absolute } from '~/lib/range';
import * as T from '~/lib/time';
import { useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { type AttributeRow, Attributes, attributeRows } from '~/ui/Attributes';
import { CopyButton } from '~/ui/CopyButton';
import classes from '~/ui/detail.module.css';
import { Empty } from '~/ui/Empty';
import { ExceptionBox, Flags } from '~/ui/ExceptionBox';
import explore from '~/ui/explore.module.css';
import { Highlight } from '~/ui/Highlight';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { Level } from '~/ui/Level';
import { LogsAround } from '~/ui/LogsAround';
import { TraceLink } from '~/ui/PageLink';
import { ScrollPre } from '~/ui/ScrollPre';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { stringifySearch, useUrl } from '~/url';
import logs from './logs.module.css';
import { texts } from './logs.texts';
import { rowParam } from './openRow';

interface Props {
  /** undefined while it is loaded, null when there is none. */
  log: Log | null | undefined;
  rows: Log[];
  onOpen: (log: Log | undefined) => void;
  filter: string;
  onFilter: (text: string) => void;
  words: string[];
  columns: readonly string[];
  onColumn: (key: string) => void;
}

export function LogDetail({ log, rows, onOpen, filter, onFilter, words, columns, onColumn }: Props) {
  const { t } = useI18n();
  const tl = useTexts(texts);
  const [json, setJson] = useLocalStorage({
    key: 'yagura.logs.json',
    defaultValue: false,
    getInitialValueInEffect: false,
  });
  const at = log ? rows.findIndex((l) => l.id === log.id) : -1;
  return (
    <aside className={explore.detail} aria-label={t.logs.detail}>
      <div className={classes.head}>
        <h2>{log ? <Level level={log.level} text={log.severity_text} /> : t.logs.detail}</h2>
        <IconButton
          icon="up"
          label={t.detail.newer}
          disabled={at <= 0}
          onClick={() => onOpen(rows[at - 1])}
        />
        <IconButton
          icon="down"
          label={t.detail.older}
          disabled={at < 0 || at >= rows.length - 1}
          onClick={() => onOpen(rows[at + 1])}
        />
        {log && (
          <Button
            size="compact-xs"
            variant={json ? 'light' : 'subtle'}
            aria-pressed={json}
            onClick={() => setJson(!json)}
          >
            {tl.json}
          </Button>
        )}
        {log && <Permalink log={log} />}
        {log && <CopyButton value={() => JSON.stringify(log, null, 2)} label={t.detail.copyJson} size="md" />}
        <IconButton icon="close" label={t.common.close} onClick={() => onOpen(undefined)} />
      </div>
      {log === undefined ? (
        <SkeletonRows rows={12} />
      ) : log === null ? (
        <Empty title={t.logs.gone} text={t.logs.goneText} />
      ) : json ? (
        <section className={classes.section}>
          <ScrollPre className={`${classes.stack} ${logs.json}`}>{JSON.stringify(log, null, 2)}</ScrollPre>
        </section>
      ) : (
        <Content
          key={log.id}
          log={log}
          onOpen={onOpen}
          filter={filter}
          onFilter={onFilter}
          words={words}
          columns={columns}
          onColumn={onColumn}
        />
      )}
    </aside>
  );
}

/** A permalink holds the range as it is now, not one that moves with the clock. */
function Permalink({ log }: { log: Log }) {
  const { t } = useI18n();
  const { search } = useUrl();
  const range = useRange();
  const link = () =>
    location.origin +
    location.pathname +
    stringifySearch({
      ...search,
      ...absolute(range),
      row: rowParam(log),
      tail: undefined,
      paused: undefined,
    });
  return <CopyButton value={link} label={t.detail.permalink} size="md" icon="link" />;
}

interface ContentProps extends Omit<Props, 'log' | 'rows'> {
  log: Log;
}

function Content({ log, onOpen, filter, onFilter, words, columns, onColumn }: ContentProps) {
  const { t, lang } = useI18n();
  const tl = useTexts(texts);
  const [around, setAround] = useState(false);
  const json = prettyJson(log.body);
  const source: AttributeRow[] = (
    [
      ['service', log.service],
      ['env', log.env],
      ['version', log.version],
      ['instance', log.instance],
      ['host', log.host],
      ['scope', log.scope],
      ['event', log.event],
      ['trace_id', log.trace_id ?? ''],
      ['span_id', log.span_id ?? ''],
    ] as const
  )
    .filter(([, v]) => v !== '')
    .map(([key, value]) => ({ key, label: t.fields[key], value }));
  return (
    <>
      <section className={classes.section}>
        <div>
          {T.date(T.msOf(log.time), lang)} <strong>{T.preciseClock(log.time)}</strong>{' '}
          {T.zone(T.msOf(log.time))}
        </div>
        <div className="dim">
          <Ago time={log.time} />
          {log.severity_text && log.severity_text.toLowerCase() !== log.level && (
            <> · {t.detail.sentAs(log.severity_text)}</>
          )}
        </div>
        <Flags flags={log.flags} />
        {log.trace_id && (
          <TraceLink id={log.trace_id} span={log.span_id}>
            <Button component="span" mt="xs" variant="light" leftSection={<Icon name="traces" size={14} />}>
              {t.detail.openTrace}
            </Button>
          </TraceLink>
        )}
      </section>
      {log.body !== '' && (
        <section className={classes.section}>
          <h3 style={{ display: 'flex', alignItems: 'center', gap: 6 }}>
            {t.detail.body}
            <CopyButton value={log.body} size="xs" />
          </h3>
          <ScrollPre className={classes.body}>
            <Highlight text={json ?? log.body} words={words} />
          </ScrollPre>
        </section>
      )}
      <section className={classes.section}>
        <h3>{tl.around}</h3>
        {around ? (
          <LogsAround log={log} onOpen={onOpen} />
        ) : (
          <Button size="compact-xs" variant="default" onClick={() => setAround(true)}>
            {tl.showAround}
          </Button>
        )}
      </section>
      {log.exception && <ExceptionBox exception={log.exception} />}
      <Attributes
        title={t.detail.attributes}
        rows={attributeRows(log.attributes)}
        filter={filter}
        onFilter={onFilter}
        words={words}
        columns={columns}
        onColumn={onColumn}
      />
      <Attributes title={t.detail.source} rows={source} filter={filter} onFilter={onFilter} />
      <Attributes
        title={t.detail.resource}
        rows={attributeRows(log.resource, 'resource.')}
        filter={filter}
        onFilter={onFilter}
        columns={columns}
        onColumn={onColumn}
      />
    </>
  );
}
