import { Button, Popover, SegmentedControl, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { type FormEvent, useState } from 'react';
import { type Texts, useI18n } from '~/i18n';
import type { Lang } from '~/lib/format';
import * as R from '~/lib/range';
import * as T from '~/lib/time';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { useRange } from './RangeContext';
import classes from './shell.module.css';

const quick = ['5m', '15m', '30m', '1h', '3h', '6h', '12h', '24h', '2d', '7d', '30d'];

/** rangeLabel says a range in the reader's words. */
export function rangeLabel(raw: R.Range, r: R.Resolved, t: Texts, lang: Lang): string {
  const length = R.lengthOf(raw);
  if (length) return t.range.last(length[0], length[1]);
  const sameDay = new Date(r.fromMs).toDateString() === new Date(r.toMs).toDateString();
  const seconds = r.toMs - r.fromMs < 10 * 60e3;
  const clock = (ms: number) => (seconds ? T.clock(ms) : T.clock(ms).slice(0, 5));
  const from = `${T.shortDate(r.fromMs, lang)} ${clock(r.fromMs)}`;
  const to =
    raw.to === 'now'
      ? t.range.now
      : sameDay
        ? clock(r.toMs)
        : `${T.shortDate(r.toMs, lang)} ${clock(r.toMs)}`;
  return `${from} – ${to}`;
}

export function TimeRangePicker() {
  const { t, lang } = useI18n();
  const range = useRange();
  const [opened, setOpened] = useState(false);
  useHotkeys([['t', () => setOpened(true)]]);
  const choose = (r: R.Range) => {
    range.setRange(r);
    setOpened(false);
  };
  const now = Date.now();
  return (
    <div style={{ display: 'flex', alignItems: 'center', flexShrink: 0 }}>
      <IconButton
        icon="left"
        label={t.range.earlier}
        size="sm"
        onClick={() => choose(R.shift(range, -0.5, now))}
      />
      <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus>
        <Popover.Target>
          <Button
            variant="default"
            leftSection={<Icon name="clock" size={14} />}
            aria-label={`${t.range.title}: ${rangeLabel(range.raw, range, t, lang)}${range.compare ? ` ${t.range.against[range.compare]}` : ''}`}
            title={`${T.full(range.fromMs, lang, false)} – ${T.full(range.toMs, lang, false)}`}
            onClick={() => setOpened((o) => !o)}
          >
            {rangeLabel(range.raw, range, t, lang)}{' '}
            {range.compare && <span className={classes.against}>{t.range.against[range.compare]}</span>}
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={0}>
          <div className={classes.range}>
            <div className={classes.quick}>
              {quick.map((q) => {
                const r = { from: `-${q}`, to: 'now' };
                const [n, u] = R.lengthOf(r)!;
                return (
                  <button
                    type="button"
                    key={q}
                    className={`plain ${classes.quickItem}`}
                    aria-current={range.raw.from === r.from && range.raw.to === 'now'}
                    onClick={() => choose(r)}
                  >
                    {t.range.last(n, u)}
                  </button>
                );
              })}
              {(['today', 'yesterday', 'week'] as const).map((n) => (
                <button
                  type="button"
                  key={n}
                  className={`plain ${classes.quickItem}`}
                  onClick={() => choose(R.named(n, now))}
                >
                  {t.range[n]}
                </button>
              ))}
            </div>
            <div>
              <Custom key={`${range.raw.from}|${range.raw.to}`} onChoose={choose} />
              <div className={classes.compare}>
                <span id="compare-with">{t.range.compare}</span>
                <SegmentedControl
                  aria-labelledby="compare-with"
                  fullWidth
                  value={range.compare ?? 'none'}
                  onChange={(v) => range.setCompare(R.isCompare(v) ? v : undefined)}
                  data={(['none', 'day', 'week'] as const).map((c) => ({
                    value: c,
                    label: t.range.compareWith[c],
                  }))}
                />
              </div>
            </div>
          </div>
        </Popover.Dropdown>
      </Popover>
      <IconButton
        icon="right"
        label={t.range.later}
        size="sm"
        disabled={range.relative}
        onClick={() => choose(R.shift(range, 0.5, now))}
      />
      <IconButton
        icon="zoomOut"
        label={t.range.widen}
        size="sm"
        onClick={() => choose(R.widen(range, now))}
      />
    </div>
  );
}

function Custom({ onChoose }: { onChoose: (r: R.Range) => void }) {
  const { t, lang } = useI18n();
  const { raw } = useRange();
  const [from, setFrom] = useState(R.editable(raw.from));
  const [to, setTo] = useState(R.editable(raw.to));
  const now = Date.now();
  const f = R.parsePoint(from, now);
  const u = R.parsePoint(to, now);
  const order = f !== undefined && u !== undefined && !R.isValid({ from: f, to: u }, now);
  const say = (p: string | undefined) => {
    if (p === undefined) return undefined;
    const r = R.resolve({ from: p === 'now' ? '-1s' : p, to: 'now' }, now);
    return T.full(p === 'now' ? now : r.fromMs, lang, false);
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (f !== undefined && u !== undefined && !order) onChoose({ from: f, to: u });
  };
  return (
    <form className={classes.custom} onSubmit={submit}>
      <TextInput
        label={t.range.from}
        value={from}
        data-autofocus
        onChange={(e) => setFrom(e.currentTarget.value)}
        description={say(f)}
        error={f === undefined ? t.range.notUnderstood : order ? t.range.order : undefined}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
      />
      <TextInput
        label={t.range.to}
        value={to}
        onChange={(e) => setTo(e.currentTarget.value)}
        description={say(u)}
        error={u === undefined ? t.range.notUnderstood : undefined}
        inputWrapperOrder={['label', 'input', 'description', 'error']}
      />
      <div className="dim" style={{ fontSize: '0.75rem' }}>
        {t.range.examples}
        <br />
        <span className="mono">-90m ・ 9:30 ・ 11/22 9:30 ・ 2026-11-22 09:12:44 ・ 1795306364</span>
        <br />
        {t.range.zone(Intl.DateTimeFormat().resolvedOptions().timeZone)}
      </div>
      <Button type="submit" disabled={f === undefined || u === undefined || order}>
        {t.range.apply}
      </Button>
    </form>
  );
}
