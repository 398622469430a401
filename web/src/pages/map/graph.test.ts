import { expect, test } from 'vitest';
import type { Edge, MapData } from '~/pages/services/services.queries';
import { around, graphOf, HIGH, placed, WIDE } from './graph';

const red = (count: number, errors = 0) => ({ count, errors, p50_ns: 1, p95_ns: 2, p99_ns: 3, total_ns: 4 });
const trend = { count: [], errors: [], p50_ns: [], p95_ns: [], p99_ns: [] };

function edge(service: string, kind: Edge['peer']['kind'], name: string, to = '', consumes = false): Edge {
  const far = { to, to_env: to ? 'prod' : '' };
  return {
    service,
    env: 'prod',
    peer: { kind, name },
    ...far,
    consumes,
    behind: [],
    calls: red(10, 1),
    trend,
  };
}

const data = (edges: Edge[]): Pick<MapData, 'services' | 'edges'> => ({ services: [], edges });

test('two addresses of one service are one line, a queue leads on to its consumer', () => {
  const g = graphOf(
    data([
      edge('front', 'http', 'cart:80', 'cart'),
      edge('front', 'http', 'cart:81', 'cart'),
      edge('cart', 'queue', 'orders'),
      edge('mailer', 'queue', 'orders', '', true),
      edge('cart', 'db', 'pg'),
    ]),
  );
  expect(g.nodes.map((n) => `${n.kind}:${n.name}`).sort()).toEqual([
    'db:pg',
    'queue:orders',
    'service:cart',
    'service:front',
    'service:mailer',
  ]);
  const name = (id: string) => id.split('\u0000')[1];
  expect(g.lines.map((l) => `${name(l.from)}>${name(l.to)} ${l.red.count}`).sort()).toEqual([
    'cart>orders 10',
    'cart>pg 10',
    'front>cart 20',
    'orders>mailer 10',
  ]);
  expect(around(g, 'front').nodes.map((n) => n.name)).toEqual(['front', 'cart']);
});

test('sixty services stand apart, in the same places however the answer is ordered', () => {
  const edges: Edge[] = [];
  for (let i = 1; i < 60; i++)
    edges.push(edge(`s${Math.floor(i / 3)}`, 'http', `s${i}`, `s${i}`), edge(`s${i}`, 'db', `db${i % 7}`));
  edges.push(edge('s20', 'http', 's0', 's0'), edge('s5', 'http', 's5', 's5'));
  const a = placed(graphOf(data(edges)));
  const b = placed(graphOf(data([...edges].reverse())));
  expect(a.nodes.map((n) => [n.id, n.x, n.y])).toEqual(b.nodes.map((n) => [n.id, n.x, n.y]));
  for (const [i, n] of a.nodes.entries())
    for (const m of a.nodes.slice(i + 1))
      expect(Math.abs(n.x - m.x) >= WIDE || Math.abs(n.y - m.y) >= HIGH, `${n.name} ${m.name}`).toBe(true);
});

test('a refresh with the same nodes moves none of them, and draws the lines of now', () => {
  const a = [
    edge('front', 'http', 'cart', 'cart'),
    edge('cart', 'db', 'pg'),
    edge('mail', 'http', 'cart', 'cart'),
  ];
  const first = placed(graphOf(data(a)));
  const spots = (d: ReturnType<typeof placed>) => d.nodes.map((n) => [n.id, n.x, n.y]);
  const b = [
    edge('front', 'db', 'pg'),
    edge('cart', 'db', 'pg'),
    edge('cart', 'http', 'mail', 'mail'),
    edge('front', 'http', 'cart', 'cart'),
  ];
  expect(spots(placed(graphOf(data(b))))).not.toEqual(spots(first));
  const next = placed(graphOf(data(b)), first);
  expect(spots(next)).toEqual(spots(first));
  expect([next.width, next.height]).toEqual([first.width, first.height]);
  expect(next.lines.map((l) => l.id).sort()).toEqual(
    graphOf(data(b))
      .lines.map((l) => l.id)
      .sort(),
  );
  for (const l of next.lines) expect(l.points.length).toBeGreaterThan(1);
  // One more node, and the map is laid out anew.
  const more = placed(graphOf(data([...b, edge('mail', 'http', 'smtp')])), next);
  expect(more.nodes).toHaveLength(5);
});
