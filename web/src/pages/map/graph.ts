// The map's graph: services and what they call, and where each stands. Pure.
import { Graph, layout } from '@dagrejs/dagre';
import type { Edge, MapData, Red } from '~/pages/services/services.queries';

export interface Node {
  id: string;
  name: string;
  env: string;
  /** service, or the kind of what is not instrumented. */
  kind: string;
  red: Red;
}

export interface Line {
  id: string;
  from: string;
  to: string;
  red: Red;
  /** edges that were drawn as one. */
  edges: Edge[];
}

export interface Drawing {
  width: number;
  height: number;
  nodes: (Node & { x: number; y: number })[];
  lines: (Line & { points: { x: number; y: number }[] })[];
}

export const WIDE = 216;
export const HIGH = 46;

const serviceId = (name: string, env: string) => `service\u0000${name}\u0000${env}`;
const zero: Red = { count: 0, errors: 0, p50_ns: 0, p95_ns: 0, p99_ns: 0, total_ns: 0 };

function added(a: Red, b: Red): Red {
  // Percentiles do not add; the slower of the two is nearer to what hurts.
  return {
    count: a.count + b.count,
    errors: a.errors + b.errors,
    total_ns: a.total_ns + b.total_ns,
    p50_ns: Math.max(a.p50_ns, b.p50_ns),
    p95_ns: Math.max(a.p95_ns, b.p95_ns),
    p99_ns: Math.max(a.p99_ns, b.p99_ns),
  };
}

/** graphOf joins edges between the same two into one line. What no instrumented service
 * answers is a node of its own, by kind and name. */
export function graphOf(d: Pick<MapData, 'services' | 'edges'>): { nodes: Node[]; lines: Line[] } {
  const nodes = new Map<string, Node>();
  const seen = new Set<string>();
  const lines = new Map<string, Line>();
  for (const s of d.services)
    nodes.set(serviceId(s.service, s.env), {
      id: serviceId(s.service, s.env),
      name: s.service,
      env: s.env,
      kind: 'service',
      red: s.requests,
    });
  const put = (id: string, name: string, env: string, kind: string) => {
    if (!nodes.has(id)) nodes.set(id, { id, name, env, kind, red: zero });
    seen.add(id);
    return id;
  };
  for (const e of d.edges) {
    const here = put(serviceId(e.service, e.env), e.service, e.env, 'service');
    // A queue stays a node although a service reads from it: its own line leads on.
    const far =
      e.to && e.peer.kind !== 'queue'
        ? put(serviceId(e.to, e.to_env), e.to, e.to_env, 'service')
        : put(`${e.peer.kind}\u0000${e.peer.name}\u0000${e.env}`, e.peer.name, e.env, e.peer.kind);
    const node = nodes.get(far)!;
    if (node.kind !== 'service') nodes.set(far, { ...node, red: added(node.red, e.calls) });
    const [from, to] = e.consumes ? [far, here] : [here, far];
    const id = `${from}\u0001${to}`;
    const line = lines.get(id);
    if (line) {
      line.red = added(line.red, e.calls);
      line.edges.push(e);
    } else lines.set(id, { id, from, to, red: e.calls, edges: [e] });
  }
  return { nodes: [...nodes.values()], lines: [...lines.values()] };
}

/** around keeps a service, those that call it and those that it calls. */
export function around(g: { nodes: Node[]; lines: Line[] }, service: string) {
  const own = new Set(g.nodes.filter((n) => n.kind === 'service' && n.name === service).map((n) => n.id));
  const lines = g.lines.filter((l) => own.has(l.from) || own.has(l.to));
  const keep = new Set([...own, ...lines.flatMap((l) => [l.from, l.to])]);
  return { nodes: g.nodes.filter((n) => keep.has(n.id)), lines };
}

type Point = { x: number; y: number };

/** straight joins two nodes from edge to edge. */
function straight(a: Point, b: Point): Point[] {
  const [from, to] = a.x <= b.x ? [a.x + WIDE / 2, b.x - WIDE / 2] : [a.x - WIDE / 2, b.x + WIDE / 2];
  return [
    { x: from, y: a.y },
    { x: (from + to) / 2, y: (a.y + b.y) / 2 },
    { x: to, y: b.y },
  ];
}

/** placed lays the graph out from left to right, callers before what they call. Where the
 * nodes are those of a drawing before, they stay where they were, for a map that moves under
 * one's eyes is read anew each time: only the lines are those of now. */
export function placed(g: { nodes: Node[]; lines: Line[] }, before?: Drawing): Drawing {
  // In the order of names, so that a refresh does not shuffle the map.
  const nodes = [...g.nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
  const all = [...g.lines].sort((a, b) => (a.id < b.id ? -1 : 1));
  const lines = all.filter((l) => l.from !== l.to);
  if (before && before.nodes.length === nodes.length && nodes.every((n, i) => n.id === before.nodes[i]!.id)) {
    const at = new Map(before.nodes.map((n) => [n.id, { x: n.x, y: n.y }]));
    const drawn = new Map(before.lines.map((l) => [l.id, l.points]));
    return {
      width: before.width,
      height: before.height,
      nodes: nodes.map((n) => ({ ...n, ...at.get(n.id)! })),
      lines: lines.map((l) => ({
        ...l,
        points: drawn.get(l.id) ?? straight(at.get(l.from)!, at.get(l.to)!),
      })),
    };
  }
  const d = new Graph({ directed: true });
  d.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 120, edgesep: 12, marginx: 20, marginy: 20 });
  d.setDefaultEdgeLabel(() => ({}));
  for (const n of nodes) d.setNode(n.id, { width: WIDE, height: HIGH });
  for (const l of lines) d.setEdge(l.from, l.to, {});
  layout(d);
  const size = d.graph() as { width?: number; height?: number };
  const at = (id: string) => d.node(id) as Point;
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: nodes.map((n) => ({ ...n, x: at(n.id).x, y: at(n.id).y })),
    lines: lines.map((l) => ({ ...l, points: (d.edge(l.from, l.to) as { points: Point[] }).points })),
  };
}
