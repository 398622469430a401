// What is the matter with a group of errors, in a sentence or two.
import { useI18n, useTexts } from '~/i18n';
import * as F from '~/lib/format';
import * as T from '~/lib/time';
import { useRange } from '~/shell/RangeContext';
import type { ErrorGroup } from './errors.queries';
import { texts } from './errors.texts';

export function useSentence(g: ErrorGroup): string {
  const { lang } = useI18n();
  const t = useTexts(texts);
  const { compare } = useRange();
  const s = t.sentence;
  const when = (time: string | undefined) => (time ? T.relative(T.msOf(time), Date.now(), lang) : '–');
  const by = g.state.by || t.yagura;
  const state = () => {
    switch (g.shows) {
      case 'returned':
        return s.returned(when(g.state.returned ?? g.first));
      case 'new':
        return s.new(when(g.first_ever ?? g.first));
      case 'ongoing':
        return g.first_ever ? s.ongoing(when(g.first_ever)) : s.ongoingUnknown;
      case 'resolved':
        return g.state.mended === 'version'
          ? s.resolvedIn(by, when(g.state.since), g.state.version)
          : g.state.mended === 'next'
            ? s.resolvedNext(by, when(g.state.since))
            : s.resolved(by, when(g.state.since));
      case 'ignored':
        return [
          s.ignored(by, when(g.state.since), g.state.reason),
          g.state.until ? s.ignoredUntil(T.full(T.msOf(g.state.until), lang, false)) : '',
        ].join(lang === 'ja' ? '' : ' ');
    }
  };
  const versions = g.versions.filter((v) => v.value !== '');
  const seen =
    g.count === 0
      ? s.notSeen
      : [
          g.count === 1 ? s.once : s.times(F.count(g.count)),
          compare && g.before !== undefined ? s.was(F.count(g.before), t.before[compare]) : '',
          g.users === 1 ? s.hitOne : g.users > 1 ? s.hit(F.count(g.users)) : '',
          versions.length === 1 && g.versions.length === 1 ? s.only(versions[0]!.value) : '',
        ].join('');
  return `${state()}${lang === 'ja' ? '' : ' '}${seen}${s.end}`;
}
