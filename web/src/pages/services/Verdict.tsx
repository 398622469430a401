// The first sentence: what is the matter, since when, and since which release. It comes from
// the same figures as what stands under it.
import { Fragment, type ReactNode } from 'react';
import { useI18n, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import type { Compare } from '~/lib/range';
import { failing, failingSince, faster, lastFailure, quiet, releaseBefore, slower } from '~/lib/red';
import { share } from '~/lib/services';
import * as T from '~/lib/time';
import { useRange } from '~/shell/RangeContext';
import { Icon } from '~/ui/Icon';
import { PageLink } from '~/ui/PageLink';
import { texts } from './service.texts';
import classes from './services.module.css';
import type { Red, Trend, Version } from './services.queries';

interface Props {
  name: string;
  requests: Red;
  before: Red | undefined;
  /** by is what before is. */
  by: Compare;
  trend: Trend;
  from: string;
  stepNs: number;
  versions: readonly Version[];
  /** filter selects the requests. */
  filter: string;
  logs?: number;
}

export function Verdict({
  name,
  requests: now,
  before,
  by,
  trend,
  from,
  stepNs,
  versions,
  filter,
  logs,
}: Props) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const { fromMs, toMs } = useRange();
  const when = t.baseline[by];
  const minutes = Math.max(1 / 60, (toMs - fromMs) / 60e3);
  const rate = (r: Red) => F.perMinute(r.count / minutes, lang);
  if (now.count === 0) {
    return (
      <p className={classes.verdict} data-state={before && before.count > 0 ? 'quiet' : 'none'} role="status">
        <Icon name={before && before.count > 0 ? 'warning' : 'info'} />
        <span>
          {logs ? t.noRequestsLogs(name, F.count(logs)) : t.noRequests(name)}{' '}
          {before && before.count > 0 && t.wasBusy(rate(before), when)}
        </span>
      </p>
    );
  }
  const parts: ReactNode[] = [];
  const start = T.msOf(from);
  const stepMs = stepNs / 1e6;
  const p95 = F.duration(now.p95_ns, lang);
  const last = lastFailure(trend);
  const isFailing = last === undefined && failing(now, before);
  const isSlow = slower(now, before);
  if (isFailing) {
    const at = failingSince(trend);
    const since = at === undefined ? undefined : start + at * stepMs;
    // Of the time since then alone: what was well before would hide how bad it is now.
    const part =
      at === undefined
        ? share(now.errors, now.count)
        : share(sum(trend.errors.slice(at)), sum(trend.count.slice(at)));
    const release = since === undefined ? undefined : releaseBefore(versions, since, start, stepMs);
    const text =
      since === undefined
        ? t.fails(F.percent(part))
        : t.failsSince(F.percent(part), clockOf(since, toMs, lang));
    parts.push(
      <PageLink to="/traces" search={{ filter: `${filter} status:error` }} className={classes.matter}>
        {text}
      </PageLink>,
    );
    if (release) parts.push(<strong>{t.release(release.version)}</strong>);
    else if (before && before.count > 0)
      parts.push(t.was(F.percent(share(before.errors, before.count)), when));
  }
  if (isSlow)
    parts.push(
      <PageLink
        to="/traces"
        search={{ filter: `${filter} duration>=${Math.floor(now.p95_ns / 1e3)}us` }}
        className={classes.matter}
      >
        {t.slower(p95, F.duration(before!.p95_ns, lang), when)}
      </PageLink>,
    );
  if (quiet(now, before)) parts.push(t.quieter(rate(now), rate(before!), when));
  if (last !== undefined && failing(now, before))
    parts.push(
      <PageLink to="/traces" search={{ filter: `${filter} status:error` }} className={classes.matter}>
        {t.failed(F.percent(share(now.errors, now.count)), clockOf(start + (last + 1) * stepMs, toMs, lang))}
      </PageLink>,
    );
  const bad = isFailing || isSlow;
  if (parts.length === 0) {
    parts.push(
      faster(now, before) ? t.faster(p95, F.duration(before!.p95_ns, lang), when) : t.well(rate(now), p95),
    );
    parts.push(now.errors === 0 ? t.noErrors : t.someErrors(F.percent(share(now.errors, now.count))));
  } else if (!isSlow) parts.push(t.p95Now(p95));
  const gap = lang === 'ja' ? '。' : '; ';
  return (
    <p className={classes.verdict} data-state={isFailing ? 'failing' : bad ? 'slow' : 'well'} role="status">
      <Icon name={isFailing ? 'error' : bad ? 'warning' : 'ok'} />
      <span>
        {parts.map((p, i) => (
          <Fragment key={i}>
            {i > 0 && gap}
            {p}
          </Fragment>
        ))}
        {lang === 'ja' ? '。' : '.'}
      </span>
    </p>
  );
}

const sum = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);

/** clockOf is a time as short as it can be without doubt, read at now. */
function clockOf(ms: number, now: number, lang: F.Lang): string {
  const hm = T.clock(ms).slice(0, 5);
  return new Date(ms).toDateString() === new Date(now).toDateString() ? hm : `${T.shortDate(ms, lang)} ${hm}`;
}
