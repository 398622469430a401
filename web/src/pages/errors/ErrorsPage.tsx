// The inbox of errors: what is new, what came back, what goes on, and what was decided.
import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { count, group } from '~/lib/format';
import { useRange } from '~/shell/RangeContext';
import { useSession } from '~/shell/Session';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { Page } from '~/ui/Page';
import { SavedViews } from '~/ui/SavedViews';
import { ScrollPre } from '~/ui/ScrollPre';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { carried, useUrl } from '~/url';
import { Ask, type Asked } from './Actions';
import classes from './errors.module.css';
import {
  type Change,
  type ErrorGroup,
  errorsQuery,
  type Tab,
  tabs,
  useDecides,
  useEdit,
  usePeople,
} from './errors.queries';
import { texts } from './errors.texts';
import { by, InboxTable } from './InboxTable';

const none: ErrorGroup[] = [];

export function ErrorsPage() {
  const t = useTexts(texts);
  const { search, set } = useUrl();
  const navigate = useNavigate();
  const range = useRange();
  const decides = useDecides();
  const tab: Tab = search.shows && search.shows in tabs ? (search.shows as Tab) : 'open';
  const inbox = {
    tab,
    text: search.q ?? '',
    assignee: search.assignee ?? '',
    service: search.service ?? '',
  };
  const q = useQuery(errorsQuery(range.scope, range.compare, inbox));
  const sort = search.sort ?? '';
  // As the table shows them, so that j and k go down it.
  const rows = useMemo(() => sorted(q.data?.items ?? none, sort), [q.data, sort]);
  const edit = useEdit();
  const [asked, setAsked] = useState<{ group: ErrorGroup; what: Asked } | null>(null);
  const [assigning, setAssigning] = useState<string | null>(null);
  const [done, setDone] = useState<{ group: ErrorGroup; change: Change } | null>(null);

  const open = (g: ErrorGroup | undefined) =>
    g &&
    void navigate({
      to: '/errors/$service/$group',
      params: { service: g.service, group: g.id },
      search: carried(search),
    });
  const [at] = useRows(
    rows.length,
    (i) => open(rows[i]),
    (i) => {
      document.querySelectorAll(`.${classes.row}`)[i]?.scrollIntoView({ block: 'nearest' });
    },
  );
  const change = (g: ErrorGroup, c: Change) =>
    edit.mutate(
      { service: g.service, group: g.id, change: c },
      { onSuccess: () => setDone({ group: g, change: c }) },
    );
  const current = (f: (g: ErrorGroup) => void) => () => {
    const g = rows[at];
    if (g && decides) f(g);
  };
  useHotkeys([
    ['r', current((g) => g.state.status === 'open' && change(g, { status: 'resolved', mended: 'now' }))],
    ['i', current((g) => g.state.status === 'open' && setAsked({ group: g, what: 'ignore' }))],
    ['o', current((g) => g.state.status !== 'open' && change(g, { status: 'open' }))],
    ['a', current((g) => setAssigning(keyOf(g)))],
    ['Escape', () => setDone(null)],
  ]);
  const narrowed = inbox.text !== '' || inbox.assignee !== '' || inbox.service !== '' || tab !== 'open';
  return (
    <Page
      title={t.title}
      aside={
        rows.length > 0 && (
          <span className="dim">
            {t.summary(count(rows.length), count(rows.reduce((n, g) => n + g.count, 0)))}
          </span>
        )
      }
    >
      <Tabs tab={tab} counts={q.data?.counts ?? {}} onTab={(v) => set({ shows: v === 'open' ? '' : v })} />
      <Bar services={rows.map((g) => g.service)} />
      {done && (
        <div className={classes.done} role="status">
          <Icon name="check" size={14} />
          {t.done[done.change.status ?? 'assigned']}: {done.group.type}
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              edit.mutate({ service: done.group.service, group: done.group.id, change: undoOf(done.group) });
              setDone(null);
            }}
          >
            {t.undo}
          </Button>
        </div>
      )}
      {edit.error && <ErrorState error={edit.error} />}
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={10} height={34} />
      ) : rows.length === 0 ? (
        <Nothing narrowed={narrowed} />
      ) : (
        <div className={`${classes.wrap} ${q.isPlaceholderData ? 'stale' : ''}`}>
          <InboxTable
            rows={rows}
            at={at}
            keyOf={keyOf}
            decides={decides}
            assigning={assigning}
            onAssigning={setAssigning}
            onChange={change}
            onAsk={(g, what) => setAsked({ group: g, what })}
            onOpen={open}
          />
        </div>
      )}
      {q.data?.more && <p className="dim">{t.more(group(rows.length))}</p>}
      {rows.length > 0 && <p className={`dim ${classes.keys}`}>{t.keys}</p>}
      {asked && (
        <Ask
          group={asked.group}
          asked={asked.what}
          onChange={(c) => change(asked.group, c)}
          onClose={() => setAsked(null)}
        />
      )}
    </Page>
  );
}

function sorted(rows: ErrorGroup[], sort: string): ErrorGroup[] {
  const value = by[sort.replace(/^-/, '')];
  if (!value) return rows;
  const sign = sort.startsWith('-') ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return (
      sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y)))
    );
  });
}

const keyOf = (g: ErrorGroup) => `${g.service}\u0000${g.env}\u0000${g.id}`;

/** undoOf is the change that brings a group back to what it was. */
function undoOf(g: ErrorGroup): Change {
  const s = g.state;
  const assignee = { kind: s.assignee?.kind ?? ('user' as const), id: s.assignee?.id ?? '' };
  if (s.status === 'resolved')
    return {
      status: 'resolved',
      mended: (s.mended || 'now') as 'now' | 'next' | 'version',
      ...(s.version && s.mended === 'version' ? { version: s.version } : {}),
      assignee,
    };
  if (s.status === 'ignored')
    return { status: 'ignored', reason: s.reason, ...(s.until ? { until: s.until } : {}), assignee };
  return { status: 'open', assignee };
}

function Tabs({ tab, counts, onTab }: { tab: Tab; counts: Record<string, number>; onTab: (t: Tab) => void }) {
  const t = useTexts(texts);
  return (
    <div className={classes.tabs} role="group" aria-label={t.states}>
      {(Object.keys(tabs) as Tab[]).map((k) => (
        <button
          key={k}
          type="button"
          className="plain"
          aria-pressed={k === tab}
          title={t.tabHints[k]}
          onClick={() => onTab(k)}
        >
          {t.tabs[k]} <span>{count(tabs[k].reduce((n, s) => n + (counts[s] ?? 0), 0))}</span>
        </button>
      ))}
    </div>
  );
}

function Bar({ services }: { services: string[] }) {
  const t = useTexts(texts);
  const { search, set } = useUrl();
  const { user } = useSession();
  const people = usePeople();
  const [text, setText] = useState(search.q ?? '');
  const [given, setGiven] = useState(search.q ?? '');
  if (given !== (search.q ?? '')) {
    setGiven(search.q ?? '');
    setText(search.q ?? '');
  }
  const submit = useDebouncedCallback((q: string) => set({ q: q.trim() }, { replace: true }), 250);
  // Those of the list; the chosen one stays, though the list has no other then.
  const known = [...new Set([...services, ...(search.service ? [search.service] : [])])].sort();
  return (
    <div className={classes.bar}>
      <TextInput
        data-filter-input
        style={{ flex: 1, minWidth: 220 }}
        aria-label={t.search}
        placeholder={t.search}
        leftSection={<Icon name="search" size={14} />}
        value={text}
        onChange={(e) => {
          setText(e.currentTarget.value);
          submit(e.currentTarget.value);
        }}
        onKeyDown={(e) => e.key === 'Escape' && e.currentTarget.blur()}
      />
      <Select
        aria-label={t.service}
        placeholder={t.allServices}
        data={known}
        value={search.service ?? null}
        onChange={(v) => set({ service: v ?? '' })}
        searchable
        clearable
        w={190}
        clearButtonProps={{ 'aria-label': t.allServices }}
      />
      <Select
        aria-label={t.assignee}
        placeholder={t.anyone}
        data={[
          { value: 'none', label: t.nobody },
          ...people.map((p) => ({ value: p.id, label: p.id === user?.id ? `${p.name} (${t.me})` : p.name })),
        ]}
        value={search.assignee ?? null}
        onChange={(v) => set({ assignee: v ?? '' })}
        clearable
        w={190}
        clearButtonProps={{ 'aria-label': t.anyone }}
      />
      <SavedViews page="errors" />
    </div>
  );
}

const example = `span.RecordError(err)
span.SetStatus(codes.Error, err.Error())`;

function Nothing({ narrowed }: { narrowed: boolean }) {
  const t = useTexts(texts);
  const { set } = useUrl();
  const { lang } = useI18n();
  const day = () => set({ from: '-24h', to: 'now' });
  return (
    <Empty title={narrowed ? t.noneFit : t.none} text={narrowed ? t.noneFitText : t.noneText}>
      <div className={classes.actions}>
        {narrowed && (
          <Button variant="default" onClick={() => set({ q: '', assignee: '', service: '', shows: '' })}>
            {t.showAll}
          </Button>
        )}
        <Button variant="default" onClick={day}>
          {t.lastDay}
        </Button>
        <Button variant="default" onClick={() => set({ from: '-7d', to: 'now' })}>
          {t.lastWeek}
        </Button>
      </div>
      {!narrowed && (
        <>
          <p lang={lang} style={{ marginTop: 16 }}>
            {t.howTo}
          </p>
          <ScrollPre className={classes.example}>{example}</ScrollPre>
        </>
      )}
    </Empty>
  );
}
