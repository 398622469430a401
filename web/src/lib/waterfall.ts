// The arithmetic of the waterfall: a trace comes as an array of spans in depth-first
// order with their depths; everything here is a pass over that array, so that 50,000
// spans lay out in a few milliseconds. Times are nanoseconds from the start of the trace.

/** What the layout needs to know of a span. */
export interface Bar {
  span_id: string;
  depth: number;
  start_ns: number;
  duration_ns: number;
  service: string;
  name: string;
  summary?: string;
  error?: boolean;
  /** critical are the [from, to] pieces of the span on the critical path. */
  critical?: number[][] | null;
}

export interface Tree {
  /** end[i] is the index after the last descendant of span i. */
  end: Int32Array;
  /** parent[i] is the index of the parent of span i, -1 for a root. */
  parent: Int32Array;
  children: Int32Array;
  indexOf: Map<string, number>;
}

export function tree(spans: readonly Bar[]): Tree {
  const n = spans.length;
  const end = new Int32Array(n);
  const parent = new Int32Array(n).fill(-1);
  const children = new Int32Array(n);
  const indexOf = new Map<string, number>();
  const stack: number[] = [];
  for (let i = 0; i < n; i++) {
    const s = spans[i]!;
    while (stack.length > 0 && spans[stack[stack.length - 1]!]!.depth >= s.depth) end[stack.pop()!] = i;
    if (stack.length > 0) {
      const p = stack[stack.length - 1]!;
      parent[i] = p;
      children[p]!++;
    }
    stack.push(i);
    if (!indexOf.has(s.span_id)) indexOf.set(s.span_id, i);
  }
  while (stack.length > 0) end[stack.pop()!] = n;
  return { end, parent, children, indexOf };
}

/** logsBySpan groups the indices of a trace's logs by the index of their span; -1 holds
 * those whose span is not in the trace. The order of the logs is kept. */
export function logsBySpan(
  t: Tree,
  logs: readonly { span_id?: string | undefined }[],
): Map<number, number[]> {
  const out = new Map<number, number[]>();
  logs.forEach((l, i) => {
    const at = (l.span_id && t.indexOf.get(l.span_id)) ?? -1;
    const key = typeof at === 'number' ? at : -1;
    const list = out.get(key);
    if (list) list.push(i);
    else out.set(key, [i]);
  });
  return out;
}

/** A row of the waterfall: span i is i, log j is -(j+1). */
export type Row = number;
export const isLog = (r: Row) => r < 0;
export const logIndex = (r: Row) => -r - 1;
export const logRow = (i: number): Row => -i - 1;

/** flatten lists the rows that show: descendants of collapsed spans are left out, the
 * logs of a span follow it, those without a span come first. */
export function flatten(
  n: number,
  t: Tree,
  collapsed: ReadonlySet<number>,
  logs?: Map<number, number[]>,
  keep?: Uint8Array,
): Row[] {
  const rows: Row[] = [];
  const put = (at: number) => {
    for (const l of logs?.get(at) ?? []) rows.push(-(l + 1));
  };
  put(-1);
  for (let i = 0; i < n; ) {
    if (keep && !keep[i]) {
      i++;
      continue;
    }
    rows.push(i);
    put(i);
    i = collapsed.has(i) ? t.end[i]! : i + 1;
  }
  return rows;
}

/** collapseTo gives the spans to collapse so that nothing deeper than depth shows. */
export function collapseTo(spans: readonly Bar[], t: Tree, depth: number): Set<number> {
  const out = new Set<number>();
  for (let i = 0; i < spans.length; i++) if (t.children[i]! > 0 && spans[i]!.depth >= depth) out.add(i);
  return out;
}

/** reveal takes the ancestors of a span out of the collapsed ones. */
export function reveal(collapsed: ReadonlySet<number>, t: Tree, index: number): Set<number> {
  const out = new Set(collapsed);
  for (let p = t.parent[index]!; p >= 0; p = t.parent[p]!) out.delete(p);
  return out;
}

/** withAncestors marks the chosen spans and all spans above them. */
export function withAncestors(n: number, t: Tree, chosen: (i: number) => boolean): Uint8Array {
  const keep = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    if (!chosen(i)) continue;
    for (let p = i; p >= 0 && !keep[p]; p = t.parent[p]!) keep[p] = 1;
  }
  return keep;
}

/** detail is what the summary of a span says beyond its name, which stands before it:
 * "500" of POST /order with the summary "POST /order 500". */
export function detail(s: Pick<Bar, 'name' | 'summary'>): string {
  const text = s.summary ?? '';
  if (text === s.name) return '';
  return s.name && text.startsWith(`${s.name} `) ? text.slice(s.name.length + 1) : text;
}

/** search lists the spans in whose name, service, summary or id the text is, without
 * regard to case and width. */
export function search(spans: readonly Bar[], text: string): number[] {
  const q = fold(text.trim());
  if (q === '') return [];
  const out: number[] = [];
  for (let i = 0; i < spans.length; i++) {
    const s = spans[i]!;
    if (
      fold(s.name).includes(q) ||
      fold(s.service).includes(q) ||
      (s.summary && fold(s.summary).includes(q)) ||
      s.span_id.startsWith(q)
    )
      out.push(i);
  }
  return out;
}

// NFKC of plain ASCII is itself, and ASCII is nearly all of a trace.
const ascii = /^[\x20-\x7e]*$/;
const fold = (s: string) => (ascii.test(s) ? s : s.normalize('NFKC')).toLowerCase();

/** The part of the trace that is looked at. */
export interface View {
  from: number;
  to: number;
}

/** place gives the left edge and the width of a piece of time in a view, as shares of its
 * width, cut at the edges; undefined when none of it is in the view. */
export function place(from: number, to: number, v: View): { left: number; width: number } | undefined {
  const span = v.to - v.from;
  if (span <= 0 || to < v.from || from > v.to) return undefined;
  const left = Math.max(0, (from - v.from) / span);
  const right = Math.min(1, (to - v.from) / span);
  return { left, width: Math.max(0, right - left) };
}

/** zoom narrows or widens a view around a point of it (a share), within the trace. */
export function zoom(v: View, total: number, factor: number, at: number): View {
  const least = Math.max(1, total / 1e7);
  const length = Math.min(total, Math.max(least, (v.to - v.from) * factor));
  const center = v.from + (v.to - v.from) * at;
  const from = Math.min(Math.max(0, center - length * at), total - length);
  return { from, to: from + length };
}

/** pan moves a view by a share of its length, within the trace. */
export function pan(v: View, total: number, share: number): View {
  const length = v.to - v.from;
  const from = Math.min(Math.max(0, v.from + length * share), Math.max(0, total - length));
  return { from, to: from + length };
}

/** durationTicks gives round points of a view, at most max, from its own start of the trace. */
export function durationTicks(v: View, max: number): number[] {
  const span = v.to - v.from;
  if (!(span > 0) || max < 1) return [];
  const raw = span / max;
  const mag = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * mag).find((s) => s >= raw * 0.9999)!;
  const out: number[] = [];
  for (let k = Math.ceil(v.from / step - 1e-9); k * step <= v.to + step * 1e-9; k++) out.push(k * step + 0);
  return out;
}
