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

/** colorsFor gives each name a colour, the same for the same set of names. */
export function colorsFor(names: Iterable<string>): Map<string, string> {
  const sorted = [...new Set(names)].sort();
  return new Map(sorted.map((n, i) => [n, palette[i % palette.length]!]));
}

export const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', ''] as const;

/** levelColor is a CSS variable of theme.css; it differs between light and dark. */
export function levelColor(level: string): string {
  return `var(--y-level-${level || 'none'})`;
}

export function statusColor(status: string): string {
  return status === 'error' ? 'var(--y-level-error)' : 'var(--y-level-info)';
}
