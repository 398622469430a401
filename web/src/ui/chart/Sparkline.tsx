// A small course of one number over the range, with that of the day or week before dashed
// behind it. It illustrates the number beside it, which is what screen readers read; gaps
// (null) stay gaps.
export function Sparkline({
  values,
  before,
  color = 'var(--y-level-info)',
  width = 64,
  height = 20,
  max,
  title,
}: {
  values: readonly (number | null)[];
  before?: readonly (number | null)[] | undefined;
  color?: string;
  width?: number;
  height?: number;
  max?: number;
  title?: string;
}) {
  const top = Math.max(max ?? 0, ...values.map((v) => v ?? 0), ...(before ?? []).map((v) => v ?? 0));
  if (values.length < 2 || top <= 0) {
    return (
      <svg width={width} height={height} aria-hidden="true">
        <line
          x1="0"
          x2={width}
          y1={height - 1}
          y2={height - 1}
          stroke="var(--y-faint)"
          strokeDasharray="2 3"
        />
      </svg>
    );
  }
  const at = (n: number) => (i: number) => (i / Math.max(1, n - 1)) * (width - 2) + 1;
  const y = (v: number) => height - 1.5 - (v / top) * (height - 4);
  const now = courseOf(values, at(values.length), y);
  const then = before && courseOf(before, at(before.length), y);
  return (
    <svg width={width} height={height} aria-hidden="true">
      {title && <title>{title}</title>}
      {then && <path d={then.line} fill="none" stroke="var(--y-dim)" strokeDasharray="2 2" opacity="0.8" />}
      <path d={areaOf(now.runs, height)} fill={color} opacity="0.16" />
      <path d={now.line} fill="none" stroke={color} strokeWidth="1.4" strokeLinejoin="round" />
    </svg>
  );
}

type Point = [x: number, y: number];

/** courseOf draws the values as lines, one for each run without gaps. */
function courseOf(values: readonly (number | null)[], x: (i: number) => number, y: (v: number) => number) {
  const runs: Point[][] = [];
  values.forEach((v, i) => {
    if (v === null) return;
    if (i === 0 || values[i - 1] === null) runs.push([]);
    runs[runs.length - 1]!.push([x(i), y(v)]);
  });
  return { runs, line: runs.map((r) => `M${r.map(written).join('L')}`).join('') };
}

function areaOf(runs: Point[][], ground: number): string {
  return runs
    .map(
      (r) =>
        `M${written([r[0]![0], ground])}L${r.map(written).join('L')}L${written([r[r.length - 1]![0], ground])}Z`,
    )
    .join('');
}

const written = ([x, y]: Point) => `${x.toFixed(1)},${y.toFixed(1)}`;
