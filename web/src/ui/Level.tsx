import { levelColor } from '~/lib/colors';

/** The level of a log: its name, and a bar of its colour. */
export function Level({ level, text }: { level: string; text?: string }) {
  return (
    <span
      className="nowrap"
      style={{ display: 'inline-flex', alignItems: 'center', gap: 6, verticalAlign: 'middle', lineHeight: 1 }}
      title={text || level}
    >
      <span style={{ width: 3, height: 14, borderRadius: 1, background: levelColor(level) }} />
      <span
        style={{
          fontSize: '0.6875rem',
          fontWeight: level === 'error' || level === 'fatal' ? 700 : 500,
          color:
            level === 'error' || level === 'fatal'
              ? 'var(--y-bad)'
              : level === 'warn'
                ? 'var(--y-warn)'
                : 'var(--y-dim)',
        }}
      >
        {level ? level.toUpperCase() : '–'}
      </span>
    </span>
  );
}
