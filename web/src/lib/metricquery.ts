// Queries that are put together by choosing instead of writing. A query is read back into
// its choices as long as it has the shape in which they are written; else it is the
// reader's own, and left alone.

export const aggregations = ['', 'sum', 'avg', 'min', 'max', 'p50', 'p95', 'p99'] as const;
export type Aggregation = (typeof aggregations)[number];

export interface Choices {
  metric: string;
  /** rate: per second, of a counter. */
  rate: boolean;
  aggregation: Aggregation;
  by: string[];
  where: { label: string; value: string; not: boolean }[];
}

const quantiles: Record<string, string> = { p50: '0.5', p95: '0.95', p99: '0.99' };
const label = '[a-zA-Z_][a-zA-Z0-9_]*';
const selector = `([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{((?:[^}"]|"(?:[^"\\\\]|\\\\.)*")*)\\})?`;
const shapes = {
  inner: new RegExp(`^(?:rate\\(${selector}\\[5m\\]\\)|${selector})$`),
  grouped: new RegExp(`^(sum|avg|min|max)(?: by \\(((?:${label}(?:, ?)?)*)\\) )?\\((.*)\\)$`),
  quantile: /^histogram_quantile\((0\.5|0\.95|0\.99), (sum.*)\)$/,
  matcher: new RegExp(`(${label})(!?=)"((?:[^"\\\\]|\\\\.)*)"`, 'y'),
};

export function write(c: Choices): string {
  const where = c.where.map((w) => `${w.label}${w.not ? '!=' : '='}${JSON.stringify(w.value)}`).join(', ');
  const select = `${c.metric}${where ? `{${where}}` : ''}`;
  const inner = c.rate ? `rate(${select}[5m])` : select;
  const quantile = quantiles[c.aggregation];
  if (quantile) return `histogram_quantile(${quantile}, sum by (${['le', ...c.by].join(', ')}) (${inner}))`;
  if (!c.aggregation) return inner;
  return `${c.aggregation}${c.by.length > 0 ? ` by (${c.by.join(', ')}) ` : ''}(${inner})`;
}

/** read gives the choices behind a query; undefined when it was written by hand. */
export function read(query: string): Choices | undefined {
  const q = shapes.quantile.exec(query);
  if (q) {
    const c = read(q[2]!);
    const p = Object.keys(quantiles).find((k) => quantiles[k] === q[1]) as Aggregation;
    if (c?.aggregation !== 'sum' || !c.by.includes('le')) return undefined;
    return { ...c, aggregation: p, by: c.by.filter((l) => l !== 'le') };
  }
  const g = shapes.grouped.exec(query);
  const inner = shapes.inner.exec(g ? g[3]! : query);
  if (!inner) return undefined;
  const where = matchersOf(inner[2] ?? inner[4] ?? '');
  if (!where) return undefined;
  return {
    metric: inner[1] ?? inner[3]!,
    rate: inner[1] !== undefined,
    aggregation: (g?.[1] ?? '') as Aggregation,
    by: (g?.[2] ?? '').split(/, ?/).filter(Boolean),
    where,
  };
}

function matchersOf(text: string): Choices['where'] | undefined {
  const out: Choices['where'] = [];
  let at = 0;
  while (at < text.length) {
    shapes.matcher.lastIndex = at;
    const m = shapes.matcher.exec(text);
    if (!m) return undefined;
    try {
      out.push({ label: m[1]!, value: JSON.parse(`"${m[3]}"`) as string, not: m[2] === '!=' });
    } catch {
      return undefined;
    }
    at = shapes.matcher.lastIndex;
    const comma = /^\s*,\s*/.exec(text.slice(at));
    if (comma) at += comma[0].length;
    else if (at < text.length) return undefined;
  }
  return out;
}
