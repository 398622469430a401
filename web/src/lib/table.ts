// A table of an answer in SQL: what its columns are, what can be drawn of it, and as a file.
// Pure. Cells are JSON values; integers beyond 2^53 and ids are texts.

export interface Column {
  name: string;
  type: string;
}
export type Cell = unknown;
export type Row = readonly Cell[];

/** bare is a type without what wraps it: LowCardinality(Nullable(String)) is a String. */
export function bare(type: string): string {
  const m = /^(?:LowCardinality|Nullable|SimpleAggregateFunction)\((.*)\)$/.exec(type);
  if (!m) return type;
  return bare(type.startsWith('Simple') ? m[1]!.replace(/^\w+,\s*/, '') : m[1]!);
}

export const isNumber = (type: string) => /^(U?Int|Float|BFloat|Decimal)/.test(bare(type));
export const isTime = (type: string) => /^Date(Time)?(32|64)?\b/.test(bare(type));

/** timeOf reads a time of the engine in milliseconds. Without a zone it is UTC, as everything
 * that Yagura stores. */
export function timeOf(cell: Cell): number {
  if (typeof cell !== 'string') return Number.NaN;
  const text = cell.includes(' ') ? cell.replace(' ', 'T') : cell.includes('T') ? cell : `${cell}T00:00:00`;
  return Date.parse(`${text.replace(/(\.\d{3})\d+/, '$1')}Z`);
}

export function numberOf(cell: Cell): number | null {
  if (cell === null || cell === undefined || cell === '') return null;
  const n = Number(cell);
  return Number.isFinite(n) ? n : null;
}

/** textOf is a cell as it stands in the table and in CSV. */
export function textOf(cell: Cell): string {
  if (cell === null || cell === undefined) return '';
  return typeof cell === 'string' ? cell : JSON.stringify(cell);
}

/** sorted orders rows by a column: "name", "-name" for the other way round, '' as they came. */
export function sorted(rows: readonly Row[], columns: readonly Column[], sort: string): readonly Row[] {
  const i = columns.findIndex((c) => c.name === sort.replace(/^-/, ''));
  if (sort === '' || i < 0) return rows;
  const sign = sort.startsWith('-') ? -1 : 1;
  const numeric = isNumber(columns[i]!.type);
  const key = (r: Row) => (numeric ? numberOf(r[i]) : textOf(r[i]));
  return [...rows].sort((a, b) => {
    const x = key(a);
    const y = key(b);
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1; // what has none stands last
    return x < y ? -sign : x > y ? sign : 0;
  });
}

/** What a drawing shows: the column along the axis, those that are drawn, and the one that
 * tells lines apart. */
export interface Plan {
  x: string;
  y: string[];
  by?: string | undefined;
}

/** planOf chooses what to draw: by time if there is a time, else by the first text. Nothing
 * when there is no number. */
export function planOf(columns: readonly Column[]): Plan | undefined {
  const numbers = columns.filter((c) => isNumber(c.type));
  const times = columns.filter((c) => isTime(c.type));
  const texts = columns.filter((c) => !isNumber(c.type) && !isTime(c.type));
  const x = times[0] ?? texts[0] ?? (numbers.length > 1 ? numbers[0] : undefined);
  const y = numbers.filter((c) => c !== x).map((c) => c.name);
  if (!x || y.length === 0) return undefined;
  const by = times[0] ? texts[0]?.name : undefined;
  return { x: x.name, y: by ? y.slice(0, 1) : y.slice(0, 6), by };
}

/** given takes a plan from an address, as far as its columns are there. */
export function given(
  columns: readonly Column[],
  want: { x?: string | undefined; y?: string | undefined; by?: string | undefined },
): Plan | undefined {
  const auto = planOf(columns);
  const has = (name: string | undefined) => columns.some((c) => c.name === name);
  const x = has(want.x) ? want.x! : auto?.x;
  const y = (want.y ?? '').split(',').filter((n) => has(n) && n !== x);
  if (x === undefined) return undefined;
  const ys = y.length > 0 ? y : (auto?.y ?? []).filter((n) => n !== x);
  if (ys.length === 0) return undefined;
  const by = want.by === '-' ? undefined : has(want.by) ? want.by : x === auto?.x ? auto?.by : undefined;
  return { x, y: ys, by: by === x || (by && ys.includes(by)) ? undefined : by };
}

export interface Drawn {
  /** times, when the axis is of time; else labels. */
  times?: number[];
  labels?: string[];
  stepMs: number;
  series: { key: string; values: (number | null)[] }[];
  /** left says how many lines or bars were left out. */
  left: number;
}

/** More of either are not told apart. */
const LINES = 20;
const BARS = 100;

/** drawn lays the rows on one axis. Rows with the same place and line are added up. */
export function drawn(columns: readonly Column[], rows: readonly Row[], plan: Plan): Drawn {
  const at = (name: string) => columns.findIndex((c) => c.name === name);
  const xi = at(plan.x);
  const time = isTime(columns[xi]!.type);
  const bi = plan.by ? at(plan.by) : -1;
  const places = new Map<number | string, number>();
  const cells = new Map<string, Map<number | string, number>>();
  for (const r of rows) {
    const x = time ? timeOf(r[xi]) : textOf(r[xi]);
    if (typeof x === 'number' && Number.isNaN(x)) continue;
    places.set(x, 0);
    for (const y of plan.y) {
      const v = numberOf(r[at(y)]);
      if (v === null) continue;
      const key =
        bi >= 0 ? [textOf(r[bi]), plan.y.length > 1 ? y : ''].filter(Boolean).join(' · ') || '–' : y;
      const line = cells.get(key) ?? new Map();
      line.set(x, (line.get(x) ?? 0) + v);
      cells.set(key, line);
    }
  }
  const total = (m: Map<number | string, number>) => [...m.values()].reduce((s, v) => s + Math.abs(v), 0);
  let keys = [...cells.keys()];
  let left = 0;
  if (keys.length > LINES) {
    left = keys.length - LINES;
    keys = keys.sort((a, b) => total(cells.get(b)!) - total(cells.get(a)!)).slice(0, LINES);
  }
  if (!time) {
    const labels = [...places.keys()].map(String).slice(0, BARS);
    return {
      labels,
      stepMs: 0,
      series: keys.map((key) => ({ key, values: labels.map((l) => cells.get(key)!.get(l) ?? null) })),
      left: left + Math.max(0, places.size - BARS),
    };
  }
  const known = ([...places.keys()] as number[]).sort((a, b) => a - b);
  const { times, stepMs } = grid(known);
  return {
    times,
    stepMs,
    series: keys.map((key) => ({ key, values: times.map((t) => cells.get(key)!.get(t) ?? null) })),
    left,
  };
}

/** grid fills the steps between that have no row, so that gaps show as gaps. */
function grid(known: number[]): { times: number[]; stepMs: number } {
  let step = Number.POSITIVE_INFINITY;
  for (let i = 1; i < known.length; i++) step = Math.min(step, known[i]! - known[i - 1]!);
  if (!Number.isFinite(step)) return { times: known, stepMs: 60_000 };
  const n = Math.round((known.at(-1)! - known[0]!) / step) + 1;
  if (n > 5000 || known.some((t) => (t - known[0]!) % step !== 0)) return { times: known, stepMs: step };
  return { times: Array.from({ length: n }, (_, i) => known[0]! + i * step), stepMs: step };
}

/** csv quotes what must be; a byte order mark tells spreadsheets that it is UTF-8. What a
 * spreadsheet would take for a formula gets an apostrophe in front. */
export function csv(columns: readonly Column[], rows: readonly Row[]): string {
  const quoted = (s: string) => (/[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
  const cell = (v: Cell, c: Column) => {
    const s = textOf(v);
    return quoted(!isNumber(c.type) && /^[=+\-@\t\r]/.test(s) ? `'${s}` : s);
  };
  const lines = [
    columns.map((c) => quoted(c.name)),
    ...rows.map((r) => columns.map((c, i) => cell(r[i], c))),
  ];
  return `\ufeff${lines.map((l) => l.join(',')).join('\r\n')}\r\n`;
}

export function ndjson(columns: readonly Column[], rows: readonly Row[]): string {
  return rows
    .map((r) => `${JSON.stringify(Object.fromEntries(columns.map((c, i) => [c.name, r[i] ?? null])))}\n`)
    .join('');
}
