import { Button } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { useI18n } from '~/i18n';
import classes from './auth.module.css';

/** The frame of the pages that stand outside of the shell. */
export function AuthFrame({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  const { lang, setLang } = useI18n();
  useDocumentTitle(`${title} · Yagura`);
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <img src="/favicon.svg" alt="" width={36} height={36} />
        <h1>{title}</h1>
        {text && <p className="dim">{text}</p>}
        {children}
      </div>
      <Button
        variant="subtle"
        color="gray"
        lang={lang === 'ja' ? 'en' : 'ja'}
        onClick={() => setLang(lang === 'ja' ? 'en' : 'ja')}
      >
        {lang === 'ja' ? 'English' : '日本語'}
      </Button>
    </main>
  );
}
