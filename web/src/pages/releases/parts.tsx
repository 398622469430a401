// What the list of releases and a release's page share.
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useI18n, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import { share } from '~/lib/services';
import { carried, useUrl } from '~/url';
import classes from './releases.module.css';
import type { Release, Turn, Turned } from './releases.queries';
import { texts } from './releases.texts';

export function ReleaseLink({ release, children }: { release: Release; children?: ReactNode }) {
  const { search } = useUrl();
  return (
    <Link
      to="/releases/$release"
      params={{ release: release.id }}
      search={carried(search)}
      className={classes.version ?? ''}
    >
      {children ?? release.version}
    </Link>
  );
}

/** What is odd about a release: it goes back, or nothing of it has come. */
export function ReleaseMarks({ release: r }: { release: Release }) {
  const t = useTexts(texts);
  return (
    <>
      {r.rollback && <span className={classes.mark}>{t.rollback}</span>}
      {!r.known ? (
        <span className={classes.mark} data-warn="true" title={t.neverSeenHint}>
          {t.neverSeen}
        </span>
      ) : (
        !r.first_seen && (
          <span className={classes.mark} title={t.notSeenHint}>
            {t.notSeen}
          </span>
        )
      )}
    </>
  );
}

const signs: Record<Turn, string> = { worse: '▲', better: '▼', same: '', too_few: '' };

function Sides({ turn, before, after, title }: { turn: Turn; before: string; after: string; title: string }) {
  const t = useTexts(texts);
  return (
    <span className={classes.turn} data-turn={turn} title={`${title}${title && ' · '}${t.turns[turn]}`}>
      <span className="dim">{before} →</span>
      <b>{after}</b>
      <span className={classes.sign} aria-hidden="true">
        {signs[turn]}
      </span>
      {turn !== 'same' && turn !== 'too_few' && <span className="visually-hidden">{t.turns[turn]}</span>}
    </span>
  );
}

export function ErrorsTurn({ of }: { of: Turned }) {
  const t = useTexts(texts);
  const say = (r: Turned['after']) => (r.count === 0 ? '–' : F.percent(share(r.errors, r.count)));
  const { after: a } = of;
  return (
    <Sides
      turn={of.errors}
      before={say(of.before)}
      after={say(a)}
      title={a.count > 0 ? t.failed(F.group(a.errors), F.group(a.count)) : ''}
    />
  );
}

export function LatencyTurn({ of }: { of: Turned }) {
  const { lang } = useI18n();
  const say = (r: Turned['after']) => (r.count === 0 ? '–' : F.duration(r.p95_ns, lang));
  return (
    <Sides
      turn={of.latency}
      before={say(of.before)}
      after={say(of.after)}
      title={of.after.count > 0 ? F.exactDuration(of.after.p95_ns) : ''}
    />
  );
}

export function CountTurn({ of }: { of: Turned }) {
  return (
    <Sides
      turn="same"
      before={F.count(of.before.count)}
      after={F.count(of.after.count)}
      title={F.group(of.after.count)}
    />
  );
}

/** A commit, as short as people write it, a link where one is known. */
export function Commit({ release: r }: { release: Release }) {
  if (!r.commit && !r.url) return <span className="dim">–</span>;
  const name = r.commit ? r.commit.slice(0, 8) : new URL(r.url).host;
  return r.url ? (
    <a href={r.url} target="_blank" rel="noreferrer" className="mono nowrap" title={r.commit || r.url}>
      {name}
    </a>
  ) : (
    <span className="mono nowrap" title={r.commit}>
      {name}
    </span>
  );
}
