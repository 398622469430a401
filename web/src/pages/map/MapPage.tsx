// The map: who calls whom, with the same figures as everywhere. Red is where calls fail. A
// table stands under it, for those who do not see it and for those who want to sort.
import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useI18n, useTexts } from '~/i18n';
import { compare } from '~/lib/filter';
import * as F from '~/lib/format';
import { share } from '~/lib/services';
import { PeerName } from '~/pages/services/names';
import { texts as serviceTexts } from '~/pages/services/service.texts';
import { type Edge, mapQuery } from '~/pages/services/services.queries';
import { useRange } from '~/shell/RangeContext';
import { type Column, DataTable } from '~/ui/DataTable';
import { Empty } from '~/ui/Empty';
import { ServiceLink } from '~/ui/EntityLink';
import { ErrorState } from '~/ui/ErrorState';
import { IconButton } from '~/ui/IconButton';
import { Page } from '~/ui/Page';
import { useRedColumns } from '~/ui/redColumns';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { useWidth } from '~/ui/useWidth';
import { carried, useUrl } from '~/url';
import { around, type Drawing, graphOf, HIGH, type Node, placed, WIDE } from './graph';
import classes from './map.module.css';
import { texts } from './map.texts';

export function MapPage() {
  const t = useTexts(texts);
  const { search, set } = useUrl();
  const { scope, compare: by } = useRange();
  const q = useQuery(mapQuery(scope, by));
  const graph = useMemo(() => (q.data ? graphOf(q.data) : undefined), [q.data]);
  const focus = search.service ?? '';
  const shown = useMemo(() => (graph && focus ? around(graph, focus) : graph), [graph, focus]);
  // What was drawn before keeps its place while the same nodes are there.
  const last = useRef<Drawing | undefined>(undefined);
  const drawing = useMemo(() => (shown ? placed(shown, last.current) : undefined), [shown]);
  useEffect(() => {
    last.current = drawing;
  }, [drawing]);
  const names = [
    ...new Set([
      ...(focus ? [focus] : []),
      ...(graph?.nodes ?? []).filter((n) => n.kind === 'service').map((n) => n.name),
    ]),
  ].sort();
  const failing = shown?.lines.filter((l) => l.red.errors > 0).length ?? 0;
  return (
    <Page
      title={t.title}
      aside={
        shown && (
          <>
            <Select
              aria-label={t.focus}
              placeholder={t.everything}
              data={names}
              value={focus || null}
              onChange={(v) => set({ service: v ?? '' })}
              searchable
              clearable
              w={220}
            />
            <span className="dim">
              {t.nodes(F.count(shown.nodes.length), F.count(shown.lines.length))} ·{' '}
              {failing ? t.failing(F.count(failing)) : t.calm}
            </span>
          </>
        )
      }
    >
      {q.error && !q.data ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : !drawing || !shown ? (
        <SkeletonRows rows={16} height={24} />
      ) : shown.nodes.length === 0 ? (
        <Empty title={t.empty} text={t.emptyText} />
      ) : (
        <div className={q.isPlaceholderData ? 'stale' : undefined}>
          <Picture key={focus} drawing={drawing} />
          <Table rows={shown.lines.flatMap((l) => l.edges)} />
        </div>
      )}
    </Page>
  );
}

const TALL = 560;
const between = (v: number, low: number, high: number) => Math.min(high, Math.max(low, v));

function Picture({ drawing: d }: { drawing: Drawing }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { fromMs, toMs } = useRange();
  const [ref, width] = useWidth<HTMLDivElement>();
  const [view, setView] = useState<{ x: number; y: number; k: number } | null>(null);
  const grip = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const [hot, setHot] = useState('');
  const area = useRef<SVGSVGElement>(null);
  const minutes = Math.max(1 / 60, (toMs - fromMs) / 60e3);
  const height = Math.min(TALL, Math.max(220, d.height + 20));
  const k0 = between(Math.min(width / d.width, height / d.height), 0.15, 1.1);
  const fitted = { k: k0, x: (width - d.width * k0) / 2, y: (height - d.height * k0) / 2 };
  const v = view ?? fitted;
  const zoom = (by: number, px = width / 2, py = height / 2) => {
    const k = between(v.k * by, 0.1, 3);
    setView({ k, x: px - ((px - v.x) / v.k) * k, y: py - ((py - v.y) / v.k) * k });
  };
  const latest = useRef(zoom);
  latest.current = zoom;
  useEffect(() => {
    const el = area.current;
    if (!el) return;
    // React's own wheel events cannot keep the page from zooming.
    const wheel = (e: WheelEvent) => {
      if (!e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      const box = el.getBoundingClientRect();
      latest.current(Math.exp(-e.deltaY / 300), e.clientX - box.left, e.clientY - box.top);
    };
    el.addEventListener('wheel', wheel, { passive: false });
    return () => el.removeEventListener('wheel', wheel);
  });
  const move = (e: PointerEvent) => {
    const g = grip.current;
    if (!g) return;
    const [dx, dy] = [e.clientX - g.x, e.clientY - g.y];
    if (!g.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
    grip.current = { x: e.clientX, y: e.clientY, moved: true };
    setView({ ...v, x: v.x + dx, y: v.y + dy });
  };
  const most = Math.max(1, ...d.lines.map((l) => l.red.count));
  return (
    <div ref={ref} className={classes.box}>
      <div className={classes.tools}>
        <IconButton icon="plus" label={t.zoomIn} onClick={() => zoom(1.3)} />
        <IconButton icon="minus" label={t.zoomOut} onClick={() => zoom(1 / 1.3)} />
        <IconButton icon="zoomOut" label={t.fit} onClick={() => setView(null)} />
      </div>
      {width > 0 && (
        <svg
          ref={area}
          width={width}
          height={height}
          role="group"
          aria-label={t.label}
          className={classes.area}
          onPointerDown={(e) => {
            if (e.button === 0) grip.current = { x: e.clientX, y: e.clientY, moved: false };
          }}
          onPointerMove={move}
          onPointerUp={() => {
            // The click that follows must still know that it was a drag.
            setTimeout(() => {
              grip.current = null;
            });
          }}
          onPointerLeave={() => {
            grip.current = null;
          }}
        >
          <defs>
            {['line', 'bad'].map((id) => (
              <marker
                key={id}
                id={`map-${id}`}
                viewBox="0 0 8 8"
                refX="7"
                refY="4"
                markerWidth="7"
                markerHeight="7"
                markerUnits="userSpaceOnUse"
                orient="auto"
              >
                <path d="M0 0L8 4L0 8z" className={id === 'bad' ? classes.badHead : classes.head} />
              </marker>
            ))}
          </defs>
          <g transform={`translate(${v.x} ${v.y}) scale(${v.k})`}>
            {d.lines.map((l) => {
              const bad = l.red.errors > 0;
              const faint = hot !== '' && l.from !== hot && l.to !== hot;
              const middle = l.points[Math.floor(l.points.length / 2)];
              const label = `${F.perMinute(l.red.count / minutes, lang)}${bad ? ` · ${F.percent(share(l.red.errors, l.red.count))}` : ''}`;
              return (
                <g key={l.id} opacity={faint ? 0.15 : 1}>
                  <path
                    d={pathOf(l.points)}
                    className={bad ? classes.badLine : classes.line}
                    strokeWidth={1 + 3 * (Math.log(1 + l.red.count) / Math.log(1 + most))}
                    markerEnd={`url(#map-${bad ? 'bad' : 'line'})`}
                  >
                    <title>{`${label} · p95 ${F.duration(l.red.p95_ns, lang)}\n${t.seenBy}`}</title>
                  </path>
                  {middle && (d.lines.length <= 40 || l.from === hot || l.to === hot) && (
                    <text
                      x={middle.x}
                      y={middle.y - 5}
                      className={bad ? classes.badLabel : classes.label}
                      textAnchor="middle"
                    >
                      {label}
                    </text>
                  )}
                </g>
              );
            })}
            {d.nodes.map((n) => (
              <Box
                key={n.id}
                node={n}
                minutes={minutes}
                dragged={() => grip.current?.moved ?? false}
                onHot={(on) => setHot(on ? n.id : '')}
                reveal={() => {
                  const [x, y] = [n.x * v.k + v.x, n.y * v.k + v.y];
                  if (x < 0 || y < 0 || x > width || y > height)
                    setView({ ...v, x: width / 2 - n.x * v.k, y: height / 2 - n.y * v.k });
                }}
              />
            ))}
          </g>
        </svg>
      )}
      <p className={classes.hint}>
        <span className={classes.swatch} /> {t.legend.service}
        <span className={classes.swatch} data-virtual="true" /> {t.legend.virtual}
        <span className={classes.swatch} data-bad="true" /> {t.legend.failing}
        <span>{t.hint}</span>
      </p>
    </div>
  );
}

/** pathOf rounds the corners of a line through its points. */
function pathOf(points: { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) return '';
  let out = `M${first.x} ${first.y}`;
  rest.forEach((p, i) => {
    const next = rest[i + 1];
    out += next ? `Q${p.x} ${p.y} ${(p.x + next.x) / 2} ${(p.y + next.y) / 2}` : `L${p.x} ${p.y}`;
  });
  return out;
}

interface BoxProps {
  node: Drawing['nodes'][number];
  minutes: number;
  dragged: () => boolean;
  onHot: (on: boolean) => void;
  reveal: () => void;
}

function Box({ node: n, minutes, dragged, onHot, reveal }: BoxProps) {
  const s = useTexts(serviceTexts);
  const { lang } = useI18n();
  const { search } = useUrl();
  const navigate = useNavigate();
  const rate = F.perMinute(n.red.count / minutes, lang);
  const errors = F.percent(share(n.red.errors, n.red.count));
  const kind = s.peerKinds[n.kind] ?? n.kind;
  const open = () => {
    const keep = carried(search);
    if (n.kind === 'service')
      void navigate({ to: '/services/$service', params: { service: n.name }, search: keep });
    else if (n.kind === 'db' || n.kind === 'cache')
      void navigate({ to: '/databases', search: { ...keep, peer: n.name } });
    else void navigate({ to: '/traces', search: { ...keep, filter: compare('peer', n.name) } });
  };
  const bad = n.red.errors > 0;
  return (
    <g
      role="link"
      tabIndex={0}
      className={classes.node}
      data-virtual={n.kind !== 'service'}
      data-bad={bad}
      transform={`translate(${n.x - WIDE / 2} ${n.y - HIGH / 2})`}
      onClick={() => !dragged() && open()}
      onKeyDown={(e) => e.key === 'Enter' && open()}
      onFocus={() => {
        onHot(true);
        reveal();
      }}
      onBlur={() => onHot(false)}
      onPointerEnter={() => onHot(true)}
      onPointerLeave={() => onHot(false)}
    >
      {/* The name of the link is its text; the whole name is a tooltip of the box alone. */}
      <rect width={WIDE} height={HIGH} rx={n.kind === 'service' ? 4 : 14}>
        <title>{`${n.name}${n.env ? ` (${n.env})` : ''}`}</title>
      </rect>
      <text x={10} y={19} className={classes.name}>
        {`${shortened(n)} `}
      </text>
      <text x={10} y={36} className={classes.figures}>
        {n.kind === 'service' ? '' : `${kind} · `}
        {rate}
        {bad ? ` · ▲ ${errors}` : ''}
        {n.red.count > 0 ? ` · ${F.duration(n.red.p95_ns, lang)}` : ''}
      </text>
    </g>
  );
}

/** Long names keep their end, which tells them apart; the whole name is on hover. */
function shortened(n: Node): string {
  const wide = (s: string) => [...s].reduce((w, c) => w + (c > '\u2e80' ? 2 : 1), 0);
  if (wide(n.name) <= 25) return n.name;
  const chars = [...n.name];
  while (wide(chars.join('')) > 24) chars.shift();
  return `…${chars.join('')}`;
}

function Table({ rows }: { rows: Edge[] }) {
  const t = useTexts(texts);
  const { search, set } = useUrl();
  const red = useRedColumns<Edge>({
    of: (e) => ({
      red: e.calls,
      before: e.before,
      // The map's answer has no courses where that would be too much.
      ...(e.trend.count.length > 1 ? { trend: e.trend } : {}),
      env: e.env,
      filter: `${compare('service', e.service)} ${compare('peer', e.peer.name)}`,
    }),
    columns: ['rate', 'errors', 'p50', 'p95'],
    calls: true,
  });
  const service = (e: Edge) => <ServiceLink service={e.service} env={e.env} className={classes.strong} />;
  const columns: Column<Edge>[] = [
    {
      id: 'from',
      header: t.from,
      value: (e) => (e.consumes ? e.peer.name : e.service),
      cell: (e) => (e.consumes ? <PeerName edge={e} /> : service(e)),
    },
    {
      id: 'to',
      header: t.to,
      value: (e) => (e.consumes ? e.service : e.to || e.peer.name),
      cell: (e) => (e.consumes ? service(e) : <PeerName edge={e} />),
    },
    ...red,
  ];
  return (
    <div className={classes.table}>
      <DataTable
        caption={t.table}
        columns={columns}
        rows={rows}
        rowKey={(e) =>
          [e.service, e.env, e.peer.kind, e.peer.name, e.to, e.to_env, e.consumes].join('\u0000')
        }
        sort={search.sort ?? ''}
        onSort={(sort) => set({ sort }, { replace: true })}
      />
    </div>
  );
}
