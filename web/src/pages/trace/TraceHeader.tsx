import type { Trace } from '~/api/types';
import { useI18n } from '~/i18n';
import * as F from '~/lib/format';
import { between } from '~/lib/range';
import { share } from '~/lib/services';
import { msOf } from '~/lib/time';
import { Ago } from '~/ui/Ago';
import { CopyButton } from '~/ui/CopyButton';
import { Icon } from '~/ui/Icon';
import { PageLink } from '~/ui/PageLink';
import classes from './trace.module.css';

/** Logs may come a little before and after the spans, in ms. */
const MINUTE = 60e3;

/** What the trace is in one line, what each service had of it, and what to mind. */
export function TraceHeader({ trace, colors }: { trace: Trace; colors: Map<string, string> }) {
  const { t, lang } = useI18n();
  const errors = trace.services.reduce((n, s) => n + s.errors, 0);
  const from = msOf(trace.time);
  const own = trace.services.reduce((n, s) => n + s.self_ns, 0);
  return (
    <>
      <strong title={F.exactDuration(trace.duration_ns)}>{F.duration(trace.duration_ns, lang)}</strong>
      <Ago time={trace.time} />
      <span className="dim">
        {t.trace.spans(F.group(trace.spans.length))} · {t.trace.services(F.group(trace.services.length))}
        {trace.log_count > 0 && (
          <>
            {' · '}
            <PageLink
              to="/logs"
              className={classes.inText}
              search={{
                filter: `trace_id:${trace.trace_id}`,
                ...between(from - MINUTE, from + trace.duration_ns / 1e6 + MINUTE),
              }}
            >
              {t.trace.logs(F.group(trace.log_count))}
            </PageLink>
          </>
        )}
      </span>
      {errors > 0 && (
        <span className={`bad ${classes.inline}`}>
          <Icon name="error" size={14} />
          {t.trace.errors(F.group(errors))}
        </span>
      )}
      <span className={`mono dim ${classes.inline}`}>
        {trace.trace_id}
        <CopyButton value={trace.trace_id} label={t.trace.copyId} />
      </span>
      <ul className={classes.services} aria-label={t.trace.legend}>
        {trace.services.map((s) => (
          <li key={s.service} title={`${t.trace.ownShare}: ${F.duration(s.self_ns, lang)}`}>
            <i style={{ background: colors.get(s.service) }} />
            {s.service}
            <span className="dim">{F.percent(share(s.self_ns, own))}</span>
            {s.errors > 0 && <span className="bad">{t.trace.errors(F.group(s.errors))}</span>}
          </li>
        ))}
      </ul>
      {(trace.notes.length > 0 || trace.more) && (
        <ul className={classes.notes}>
          {trace.more && <li>{t.trace.more}</li>}
          {trace.notes.map((n) => (
            <li key={n}>{n}</li>
          ))}
        </ul>
      )}
    </>
  );
}
