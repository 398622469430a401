import { Tooltip } from '@mantine/core';
import { useI18n } from '~/i18n';
import * as T from '~/lib/time';
import { useNow } from './useNow';

/** A time, relative and absolute together: 3 min ago · 09:12:44 JST. */
export function Ago({ time, compact = false }: { time: string | undefined; compact?: boolean }) {
  const { lang } = useI18n();
  const now = useNow(10_000);
  const ms = time ? T.msOf(time) : Number.NaN;
  if (Number.isNaN(ms) || ms <= 0) return <span className="dim">–</span>;
  const sameDay = new Date(ms).toDateString() === new Date(now).toDateString();
  const abs = sameDay ? `${T.clock(ms)}` : `${T.shortDate(ms, lang)} ${T.clock(ms)}`;
  return (
    <Tooltip label={T.full(ms, lang)}>
      <time dateTime={time} className="nowrap" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {T.relative(ms, Math.max(now, ms), lang)}
        <span className="dim">
          {' · '}
          {abs}
          {compact ? '' : ` ${T.zone(ms)}`}
        </span>
      </time>
    </Tooltip>
  );
}
