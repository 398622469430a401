// Colours of things that have no meaning of their own (services, series). They are told
// apart by people with any kind of colour vision, stand out on light and dark, and keep
// away from the red and amber that mean trouble. A name always stands beside a colour.

export const palette = [
  '#4477aa',
  '#c2a52b',
  '#2f9e8f',
  '#aa3377',
  '#66b5e0',
  '#8a8f2a',
  '#8f6fc0',
  '#b07a4a',
  '#5f9e4d',
  '#d58fb6',
] as const;

/** colorOf gives a name its colour: the same on every page, whatever stands beside it.
 * Two names may share one. */
export function colorOf(name: string): string {
  // FNV-1a, with a last stir because the palette looks at few of the bits. The seed is one
  // with which usual neighbours (front, checkout, payment, cart …) get different colours.
  let h = 33;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return palette[((h ^ (h >>> 13)) >>> 0) % palette.length]!;
}

/** colorsFor gives names that stand beside each other different colours, as long as there
 * are enough: each its own (colorOf), or, where an earlier name has that, the next. */
export function colorsFor(names: Iterable<string>): Map<string, string> {
  const out = new Map<string, string>();
  const taken = new Set<string>();
  for (const n of [...new Set(names)].sort()) {
    if (taken.size === palette.length) taken.clear();
    const first = palette.indexOf(colorOf(n) as (typeof palette)[number]);
    let color: string = palette[first]!;
    for (let i = 1; taken.has(color) && i < palette.length; i++)
      color = palette[(first + i) % palette.length]!;
    taken.add(color);
    out.set(n, color);
  }
  return out;
}

/** blend mixes two colours written as #rrggbb; share is how much of the second there is. */
export function blend(a: string, b: string, share: number): string {
  const channel = (c: string, i: number) => Number.parseInt(c.slice(1 + i * 2, 3 + i * 2), 16);
  const mixed = [0, 1, 2].map((i) => Math.round(channel(a, i) * (1 - share) + channel(b, i) * share));
  return `#${mixed.map((n) => n.toString(16).padStart(2, '0')).join('')}`;
}

/** percentiles are lines of one thing: the slower, the darker. */
export const percentileColors = { p50: '#66b5e0', p90: '#5486c4', p95: '#4477aa', p99: '#8f6fc0' } as const;

export const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', ''] as const;

/** levelColor is a CSS variable of theme.css; it differs between light and dark. */
export function levelColor(level: string): string {
  return `var(--y-level-${level || 'none'})`;
}

export function statusColor(status: string): string {
  return status === 'error' ? 'var(--y-level-error)' : 'var(--y-level-info)';
}
