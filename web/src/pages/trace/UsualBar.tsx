// In a line or two: what of this request is not as usual. Each part leads to its span.

import type { Trace } from '~/api/types';
import { useI18n, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import { addNs } from '~/lib/time';
import { EndpointLink } from '~/ui/EntityLink';
import { Icon } from '~/ui/Icon';
import { TraceLink } from '~/ui/PageLink';
import classes from './trace.module.css';
import { causes, spanKey, type Usual } from './usual';
import { texts } from './usual.texts';

/** So many things are named; the waterfall marks the rest. */
const NAMED = 4;

interface Props {
  trace: Trace;
  usual: Usual;
  goTo: (index: number) => void;
}

export function UsualBar({ trace, usual: u, goTo }: Props) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const d = (ns: number) => F.duration(ns, lang);
  const range = { from: addNs(trace.time, -3600e9), to: addNs(trace.time, 3600e9) };
  const endpoint = <EndpointLink service={u.service} endpoint={u.endpoint} search={range} />;
  if (u.read < 10) {
    return (
      <div className={classes.usual} data-state="few">
        <span className="dim">
          {t.few(F.count(u.read))} <span className={classes.underlined}>{endpoint}</span>
        </span>
      </div>
    );
  }
  const index = (key: string) => trace.spans.findIndex((s) => spanKey(s) === key);
  const named = (service: string, name: string) => (service === u.service ? name : `${service} ${name}`);
  const things: { key: string; text: string; at: number }[] = [
    ...causes(u).map((s) => {
      const at = index(spanKey(s));
      const span = trace.spans[at];
      return {
        key: `slow ${spanKey(s)}`,
        text: t.slow(
          span ? named(span.service, span.summary || span.name) : '',
          d(s.duration_ns),
          d(s.p50_ns),
        ),
        at,
      };
    }),
    ...u.more.map((c) => ({
      key: `more ${c.service} ${c.kind} ${c.name}`,
      text: t.more(named(c.service, c.name), F.count(c.here), F.count(c.usual)),
      at: trace.spans.findIndex((s) => s.span_id === c.span_id),
    })),
    ...u.extra.map((c) => ({
      key: `extra ${c.service} ${c.kind} ${c.name}`,
      text: t.extra(named(c.service, c.name), F.count(c.here)),
      at: trace.spans.findIndex((s) => s.span_id === c.span_id),
    })),
    ...u.missing.map((c) => ({
      key: `missing ${c.service} ${c.kind} ${c.name}`,
      text: t.missing(named(c.service, c.name)),
      at: -1,
    })),
  ];
  const ratio = u.p50_ns > 0 ? u.duration_ns / u.p50_ns : 1;
  const head = ratio > 1.5 ? t.slower : ratio < 0.67 ? t.faster : t.same;
  return (
    <section
      className={classes.usual}
      data-state={things.length > 0 || ratio > 1.5 ? 'odd' : 'usual'}
      aria-label={t.label}
    >
      <div>
        <Icon name={things.length > 0 || ratio > 1.5 ? 'warning' : 'ok'} size={14} />
        <strong>{head(d(u.duration_ns), d(u.p50_ns))}</strong>{' '}
        <span className="dim">
          {t.of(F.count(u.read))} <span className={classes.underlined}>{endpoint}</span>
        </span>{' '}
        <TraceLink id={u.trace_id}>{t.typical}</TraceLink>{' '}
        <a
          href={`/traces/${u.trace_id}`}
          target="_blank"
          rel="noreferrer"
          aria-label={`${t.typical} (${t.beside})`}
          title={t.beside}
        >
          <Icon name="out" size={13} />
        </a>
      </div>
      {things.length > 0 && (
        <ul>
          {things.slice(0, NAMED).map((x) => (
            <li key={x.key}>
              {x.at >= 0 ? (
                <button type="button" className={`plain ${classes.jump}`} onClick={() => goTo(x.at)}>
                  {x.text}
                </button>
              ) : (
                x.text
              )}
            </li>
          ))}
          {things.length > NAMED && <li className="dim">{t.others(F.count(things.length - NAMED))}</li>}
        </ul>
      )}
    </section>
  );
}
