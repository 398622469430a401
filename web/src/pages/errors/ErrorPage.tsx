// One group of errors: what is the matter in a sentence, since when and which release, where
// in the code, the request that had it, whom it hits, and what was decided.
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { ApiError } from '~/api/client';
import { facetsQuery } from '~/api/queries';
import { useI18n, useTexts } from '~/i18n';
import { errorTitle } from '~/lib/errortitle';
import { compare as term } from '~/lib/filter';
import * as F from '~/lib/format';
import { absolute } from '~/lib/range';
import * as T from '~/lib/time';
import { useRange } from '~/shell/RangeContext';
import { CopyButton } from '~/ui/CopyButton';
import { type ChartData, gridOf } from '~/ui/chart/data';
import { Marks } from '~/ui/chart/Marks';
import { TimeChart } from '~/ui/chart/TimeChart';
import { texts as codeTexts } from '~/ui/code/code.texts';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Page } from '~/ui/Page';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useTimelineMarks } from '~/ui/timeline';
import { stringifySearch, useUrl } from '~/url';
import { Actions, Ask, type Asked } from './Actions';
import { Badge } from './Badge';
import classes from './errors.module.css';
import { type Change, type ErrorGroup, errorQuery, useDecides, useEdit } from './errors.queries';
import { texts } from './errors.texts';
import { History } from './History';
import { Issue } from './Issue';
import { Occurrence } from './Occurrence';
import { useSentence } from './sentence';
import { Tallies } from './Tallies';

export function ErrorPage() {
  const t = useTexts(texts);
  const code = useTexts(codeTexts);
  const { service, group } = useParams({ strict: false }) as { service: string; group: string };
  const range = useRange();
  const { search, set } = useUrl();
  const q = useQuery(errorQuery(range.scope, range.compare, service, group));
  const marks = useTimelineMarks(service);
  const edit = useEdit();
  const decides = useDecides();
  const [asked, setAsked] = useState<Asked | null>(null);
  const change = (c: Change) =>
    edit.mutate({ service, group, change: c, ...(q.data?.etag ? { etag: q.data.etag } : {}) });
  const groups = q.data?.groups ?? [];
  const g = groups.length > 0 ? together(groups) : undefined;
  useHotkeys([
    ['r', () => decides && g?.state.status === 'open' && change({ status: 'resolved', mended: 'now' })],
    ['i', () => decides && g?.state.status === 'open' && setAsked('ignore')],
    ['o', () => decides && g && g.state.status !== 'open' && change({ status: 'open' })],
  ]);
  if (q.error && !q.data)
    return (
      <Page title={t.title}>
        {q.error instanceof ApiError && q.error.status === 404 ? (
          <Empty title={t.gone} text={q.error.message}>
            <p>
              <button
                type="button"
                className={`plain ${classes.link}`}
                onClick={() => set({ from: '-7d', to: 'now', env: '' })}
              >
                {t.lastWeek}
              </button>
              {' · '}
              <PageLink to="/errors">{t.back}</PageLink>
            </p>
          </Empty>
        ) : (
          <ErrorState error={q.error} retry={() => void q.refetch()} />
        )}
      </Page>
    );
  if (!q.data || !g)
    return (
      <Page title={t.title}>
        <SkeletonRows rows={14} height={20} />
      </Page>
    );
  const filter = `${term('error_group', group)} ${term('service', service)}`;
  const link = () =>
    location.origin +
    location.pathname +
    stringifySearch({ ...search, ...absolute(range), paused: undefined });
  return (
    <Page
      title={errorTitle(g).title || t.error}
      aside={
        <>
          <Badge shows={g.shows} />
          <PageLink to="/errors" search={{ service }}>
            {service}
          </PageLink>
          <span className="dim">
            {groups
              .map((x) => x.env)
              .filter(Boolean)
              .join(', ')}
          </span>
          <CopyButton value={link} icon="link" />
        </>
      }
    >
      <Marks marks={marks}>
        <div className={q.isPlaceholderData ? 'stale' : undefined}>
          <Sentence g={g} />
          <p className={`mono ${classes.headline}`}>
            {g.message}
            {g.frame && <span className="dim"> · {g.frame}</span>}
          </p>
          <div className={classes.decide}>
            {decides && <Actions group={g} pending={edit.isPending} onChange={change} onAsk={setAsked} />}
            <Issue
              group={g}
              envs={groups.map((x) => x.env)}
              span={q.data.span}
              log={q.data.log}
              onOpened={(link) => edit.mutate({ service, group, change: { note: code.openedNote(link) } })}
            />
            <span className={classes.behind}>
              <span className="dim">{t.behind}</span>
              {g.signals.includes('spans') && (
                <PageLink to="/traces" search={{ filter }}>
                  {t.allSpans}
                </PageLink>
              )}
              {g.signals.includes('logs') && (
                <PageLink to="/logs" search={{ filter }}>
                  {t.allLogs}
                </PageLink>
              )}
            </span>
          </div>
          {edit.error &&
            (edit.error instanceof ApiError && edit.error.status === 412 ? (
              <p className="warn" role="alert">
                {t.stale}
              </p>
            ) : (
              <ErrorState error={edit.error} />
            ))}
          <Occurrences groups={groups} fromMs={T.msOf(q.data.from)} stepMs={q.data.step_ns / 1e6} />
          <div className={classes.columns}>
            <div>
              <Occurrence span={q.data.span} log={q.data.log} />
            </div>
            <div>
              <Tallies
                title={t.releases}
                items={g.versions.map((v) => ({ ...v, value: v.value || t.noVersion }))}
                empty={t.none2}
                search={(v) => ({ filter: `${filter} ${term('version', v === t.noVersion ? '' : v)}` })}
              />
              <Tallies
                title={t.endpoints}
                items={g.endpoints}
                empty={t.none2}
                search={(v) => ({ filter: `${filter} ${term('endpoint', v)}` })}
              />
              {groups.length > 1 && (
                <Tallies
                  title={t.envs}
                  items={groups.map((x) => ({ value: x.env, count: x.count }))}
                  empty={t.none2}
                  search={(v) => ({ env: v, filter })}
                />
              )}
              <Users
                filter={filter}
                users={g.users}
                signal={g.signals.includes('spans') ? 'spans' : 'logs'}
              />
              <History
                events={q.data.events}
                decides={decides}
                pending={edit.isPending}
                onComment={(note) => change({ note })}
              />
            </div>
          </div>
        </div>
      </Marks>
      {asked && <Ask group={g} asked={asked} onChange={change} onClose={() => setAsked(null)} />}
    </Page>
  );
}

/** together is the group over all environments: what people decide holds in all of them. */
function together(groups: ErrorGroup[]): ErrorGroup {
  const [first, ...rest] = groups as [ErrorGroup, ...ErrorGroup[]];
  const tally = (k: 'versions' | 'endpoints') => {
    const by = new Map<string, number>();
    for (const g of groups) for (const v of g[k]) by.set(v.value, (by.get(v.value) ?? 0) + v.count);
    return [...by].map(([value, count]) => ({ value, count }));
  };
  const least = (k: 'first' | 'first_ever') =>
    groups
      .map((g) => g[k])
      .filter((x) => x !== undefined)
      .sort()[0];
  const firstEver = least('first_ever');
  return rest.length === 0
    ? first
    : {
        ...first,
        count: groups.reduce((n, g) => n + g.count, 0),
        users: groups.reduce((n, g) => n + g.users, 0),
        ...(first.before === undefined ? {} : { before: groups.reduce((n, g) => n + (g.before ?? 0), 0) }),
        ...(firstEver ? { first_ever: firstEver } : {}),
        versions: tally('versions'),
        endpoints: tally('endpoints'),
        signals: [...new Set(groups.flatMap((g) => g.signals))],
      };
}

function Sentence({ g }: { g: ErrorGroup }) {
  const sentence = useSentence(g);
  return <p className={classes.sentence}>{sentence}</p>;
}

const colors = ['var(--y-level-error)', '#aa3377', '#c2a52b', '#8f6fc0'];

function Occurrences({ groups, fromMs, stepMs }: { groups: ErrorGroup[]; fromMs: number; stepMs: number }) {
  const t = useTexts(texts);
  const data = useMemo<ChartData>(
    () => ({
      times: gridOf(fromMs, stepMs, Math.max(0, ...groups.map((g) => g.trend.length))),
      stepMs,
      series: groups.map((g, i) => ({
        key: g.env || 'all',
        label: g.env || t.occurrences,
        color: colors[i % colors.length]!,
        values: g.trend,
      })),
    }),
    [groups, fromMs, stepMs, t],
  );
  if (data.times.length === 0) return null;
  return (
    <TimeChart
      label={t.occurrences}
      data={data}
      unit="count"
      kind="bars"
      height={120}
      legend={groups.length > 1 ? 'names' : 'none'}
    />
  );
}

function Users({ filter, users, signal }: { filter: string; users: number; signal: 'logs' | 'spans' }) {
  const t = useTexts(texts);
  const { scope } = useRange();
  const q = useQuery({ ...facetsQuery(signal, scope, filter, 'user.id', 8), enabled: users > 0 });
  const values = q.data?.items.find((f) => f.key === 'user.id')?.values ?? [];
  const { lang } = useI18n();
  return (
    <Tallies
      title={t.hitUsers}
      items={users > 0 ? values : []}
      empty={users > 0 && !q.data ? '…' : t.none2}
      lang={lang}
      {...(users > values.length && values.length > 0 ? { note: t.moreUsers(F.count(users)) } : {})}
      to={signal === 'logs' ? '/logs' : '/traces'}
      search={(v) => ({ filter: `${filter} ${term('user.id', v)}` })}
    />
  );
}
