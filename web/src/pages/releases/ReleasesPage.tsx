// All releases, newest first: what came where, by whom, and whether it hurt.
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useI18n, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import { share } from '~/lib/services';
import * as T from '~/lib/time';
import { ownersQuery } from '~/pages/settings/teams.queries';
import { useRange } from '~/shell/RangeContext';
import { Ago } from '~/ui/Ago';
import { CopyButton } from '~/ui/CopyButton';
import { type Column, DataTable, sortRows } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ServiceLink } from '~/ui/EntityLink';
import { ErrorState } from '~/ui/ErrorState';
import { Page } from '~/ui/Page';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useRows } from '~/ui/useRows';
import { carried, useUrl } from '~/url';
import classes from '../services/services.module.css';
import { Commit, ErrorsTurn, LatencyTurn, ReleaseLink, ReleaseMarks } from './parts';
import {
  GLANCES,
  type Glance,
  glancesQuery,
  listFrom,
  type Release,
  releasesQuery,
} from './releases.queries';
import { texts } from './releases.texts';

const none: Release[] = [];

export function ReleasesPage() {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { search, set } = useUrl();
  const navigate = useNavigate();
  const { scope } = useRange();
  const [limit, setLimit] = useState(GLANCES);
  const { service, product } = search;
  const q = useQuery(releasesQuery(scope, { service, product, limit }));
  const rows = q.data?.items ?? none;
  const ids = useMemo(() => rows.slice(0, GLANCES).map((r) => r.id), [rows]);
  const glances = useQuery(glancesQuery(ids));
  const of = useMemo(() => new Map(glances.data?.items.map((g) => [g.id, g])), [glances.data]);
  const columns = useColumns(of);
  const sort = search.sort ?? '';
  const ordered = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort]);
  const [at] = useRows(ordered.length, (i) => {
    const r = ordered[i];
    if (r) void navigate({ to: '/releases/$release', params: { release: r.id }, search: carried(search) });
  });
  return (
    <Page
      title={t.title}
      aside={
        <>
          <Choices rows={rows} />
          {q.data && (
            <span className="dim">
              {t.shown(F.count(rows.length), T.shortDate(T.msOf(listFrom(scope)), lang))}
            </span>
          )}
        </>
      }
    >
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !q.data ? (
        <SkeletonRows rows={10} height={20} />
      ) : rows.length === 0 ? (
        service || product || scope.env ? (
          <Empty title={t.none} text={t.noneOf} />
        ) : (
          <Teach />
        )
      ) : (
        <div className={q.isPlaceholderData ? 'stale' : undefined}>
          <div className={classes.wrap}>
            <DataTable
              caption={t.title}
              columns={columns}
              rows={rows}
              rowKey={(r) => r.id}
              sort={sort}
              onSort={(s) => set({ sort: s }, { replace: true })}
              rowClass={() => classes.row}
              rowProps={(_, i) => ({ 'data-current': i === at })}
            />
            {q.data.next && limit < 500 && (
              <button
                type="button"
                className={`plain ${classes.more}`}
                onClick={() => setLimit(Math.min(500, limit + GLANCES))}
              >
                {t.older}
              </button>
            )}
          </div>
        </div>
      )}
    </Page>
  );
}

/** Of which service and product. */
function Choices({ rows }: { rows: Release[] }) {
  const t = useTexts(texts);
  const { search, set } = useUrl();
  const { data } = useQuery({ ...ownersQuery, staleTime: 60e3 });
  const [services, products] = useMemo(() => {
    const names = new Set([...(data?.items ?? []).map((o) => o.service), ...rows.map((r) => r.service)]);
    if (search.service) names.add(search.service);
    const of = new Map(
      (data?.items ?? []).flatMap((o) => (o.product ? [[o.product.slug, o.product.name] as const] : [])),
    );
    return [[...names].sort(), [...of].map(([value, label]) => ({ value, label }))] as const;
  }, [data, rows, search.service]);
  return (
    <>
      <Select
        aria-label={t.service}
        placeholder={t.allServices}
        data={services}
        value={search.service ?? null}
        onChange={(v) => set({ service: v ?? '' })}
        searchable
        clearable
        w={200}
      />
      {(products.length > 0 || search.product) && (
        <Select
          aria-label={t.product}
          placeholder={t.allProducts}
          data={products}
          value={search.product ?? null}
          onChange={(v) => set({ product: v ?? '' })}
          clearable
          w={180}
        />
      )}
    </>
  );
}

function Teach() {
  const t = useTexts(texts);
  const snippet = 'yagura release "$SERVICE" "$VERSION" --env production --commit "$COMMIT"';
  return (
    <Empty title={t.none} text={t.noneText}>
      <p>{t.example}</p>
      <div className={classes.snippet}>
        <pre>{`export YAGURA_SERVER=${location.origin}\n${snippet}`}</pre>
        <span className={classes.copy}>
          <CopyButton value={`export YAGURA_SERVER=${location.origin}\n${snippet}`} />
        </span>
      </div>
    </Empty>
  );
}

function useColumns(of: Map<string, Glance>): Column<Release>[] {
  const t = useTexts(texts);
  return useMemo(
    () => [
      {
        id: 'at',
        header: t.released,
        value: (r) => r.at,
        cell: (r) => <Ago time={r.at} compact />,
      },
      {
        id: 'service',
        header: t.service,
        value: (r) => r.service,
        cell: (r) =>
          r.known ? <ServiceLink service={r.service} env={r.env} className={classes.name} /> : r.service,
      },
      {
        id: 'version',
        header: t.version,
        value: (r) => r.version,
        cell: (r) => (
          <>
            <ReleaseLink release={r} />
            <ReleaseMarks release={r} />
          </>
        ),
      },
      {
        id: 'env',
        header: t.env,
        value: (r) => r.env,
        cell: (r) => r.env || <span className="dim">–</span>,
      },
      {
        id: 'by',
        header: t.by,
        value: (r) => r.author,
        cell: (r) => r.author || <span className="dim">–</span>,
      },
      {
        id: 'commit',
        header: t.commit,
        cell: (r) => <Commit release={r} />,
      },
      {
        id: 'errors',
        header: t.errors,
        title: t.errorsHint,
        numeric: true,
        value: (r) => {
          const g = of.get(r.id);
          return g && g.after.count > 0
            ? share(g.after.errors, g.after.count) - share(g.before.errors, g.before.count)
            : -1;
        },
        cell: (r) => {
          const g = of.get(r.id);
          return g ? <ErrorsTurn of={g} /> : <span className="dim">–</span>;
        },
      },
      {
        id: 'p95',
        header: t.latency,
        title: t.latencyHint,
        numeric: true,
        value: (r) => {
          const g = of.get(r.id);
          return g && g.after.count > 0 ? g.after.p95_ns - g.before.p95_ns : Number.MIN_SAFE_INTEGER;
        },
        cell: (r) => {
          const g = of.get(r.id);
          return g ? <LatencyTurn of={g} /> : <span className="dim">–</span>;
        },
      },
    ],
    [t, of],
  );
}
