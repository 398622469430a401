// A small course of one number over the range. It illustrates the number beside it, which
// is what screen readers read; gaps (null) stay gaps.
export function Sparkline({
  values,
  color = 'var(--y-level-info)',
  width = 64,
  height = 20,
  max,
  title,
}: {
  values: readonly (number | null)[];
  color?: string;
  width?: number;
  height?: number;
  max?: number;
  title?: string;
}) {
  const top = max ?? Math.max(0, ...values.map((v) => v ?? 0));
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
  const x = (i: number) => (i / (values.length - 1)) * (width - 2) + 1;
  const y = (v: number) => height - 1.5 - (v / top) * (height - 4);
  let line = '';
  let area = '';
  let start = -1;
  const close = (end: number) => {
    if (start >= 0) area += `L${x(end).toFixed(1)},${height}L${x(start).toFixed(1)},${height}Z`;
    start = -1;
  };
  values.forEach((v, i) => {
    if (v === null) {
      close(i - 1);
      return;
    }
    const p = `${x(i).toFixed(1)},${y(v).toFixed(1)}`;
    const cmd = start < 0 ? 'M' : 'L';
    if (start < 0) start = i;
    line += cmd + p;
    area += cmd + p;
  });
  close(values.length - 1);
  return (
    <svg width={width} height={height} aria-hidden="true">
      {title && <title>{title}</title>}
      <path d={area} fill={color} opacity="0.16" />
      <path d={line} fill="none" stroke={color} strokeWidth="1.4" strokeLinejoin="round" />
    </svg>
  );
}
