// The language of the reader: the user's own choice, else the browser's. Texts are looked
// up as t.group.name; ja must have the shape of en, so a missing text does not compile.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { setLanguage } from '~/api/client';
import type { Lang } from '~/lib/format';
import { en } from './en';
import { ja } from './ja';

export type Texts = typeof en;
const texts: Record<Lang, Texts> = { en, ja };
const KEY = 'yagura.lang';

function initial(): Lang {
  try {
    const stored = localStorage.getItem(KEY);
    if (stored === 'en' || stored === 'ja') return stored;
  } catch {
    // Storage may be forbidden.
  }
  for (const l of navigator.languages ?? []) {
    if (l.toLowerCase().startsWith('ja')) return 'ja';
    if (l.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

interface I18n {
  lang: Lang;
  t: Texts;
  setLang: (lang: Lang) => void;
}

const Context = createContext<I18n>({ lang: 'en', t: en, setLang: () => {} });

export function I18nProvider({ children, start }: { children: ReactNode; start?: Lang }) {
  const [lang, set] = useState<Lang>(() => start ?? initial());
  // Before the first request of any child: a layout effect would be too late for it.
  setLanguage(lang);
  useEffect(() => {
    document.documentElement.lang = lang;
  }, [lang]);
  const setLang = useCallback((next: Lang) => {
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // The choice then lasts for this page.
    }
    set(next);
  }, []);
  const value = useMemo(() => ({ lang, t: texts[lang], setLang }), [lang, setLang]);
  return <Context value={value}>{children}</Context>;
}

export const useI18n = () => useContext(Context);
export const useT = () => useContext(Context).t;

/** useTexts picks the language among the texts of one page, which come with its chunk; those
 * that many pages share stand in en.ts and ja.ts. */
export function useTexts<T>(texts: { en: T; ja: T }): T {
  return texts[useContext(Context).lang];
}
