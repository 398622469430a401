import { Button, PasswordInput, SegmentedControl, TextInput, useMantineColorScheme } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { sessionQuery } from '~/api/queries';
import { useI18n } from '~/i18n';
import type { Lang } from '~/lib/format';
import { useSession } from '~/shell/Session';
import { useLanguage } from '~/shell/useLanguage';
import { ErrorState } from '~/ui/ErrorState';
import classes from './settings.module.css';

export function Account() {
  const { t, lang } = useI18n();
  const session = useSession();
  const choose = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <div className={classes.form}>
      {session.auth === 'none' && <p className="dim">{t.settings.noAccount}</p>}
      {session.user && session.auth !== 'none' && (
        <Name name={session.user.name} email={session.user.email} />
      )}
      <div className={classes.field}>
        <span id="language">{t.settings.language}</span>
        <SegmentedControl
          aria-labelledby="language"
          value={lang}
          onChange={(v) => choose(v as Lang)}
          data={[
            { value: 'ja', label: '日本語' },
            { value: 'en', label: 'English' },
          ]}
        />
      </div>
      <div className={classes.field}>
        <span id="scheme">{t.settings.scheme}</span>
        <SegmentedControl
          aria-labelledby="scheme"
          value={colorScheme}
          onChange={(v) => setColorScheme(v as 'light' | 'dark' | 'auto')}
          data={(['light', 'dark', 'auto'] as const).map((s) => ({ value: s, label: t.top.schemes[s] }))}
        />
      </div>
      {session.user && session.auth !== 'none' && <Password />}
    </div>
  );
}

function Name({ name, email }: { name: string; email: string }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [text, setText] = useState(name);
  const save = useMutation({
    mutationFn: () => unwrap(api.PATCH('/api/v1/users/me', { body: { name: text.trim() } })),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className={classes.row}>
      <TextInput
        label={t.settings.name}
        description={email}
        value={text}
        required
        style={{ flex: 1 }}
        onChange={(e) => setText(e.currentTarget.value)}
        error={save.error?.message}
      />
      <Button
        type="submit"
        variant="default"
        loading={save.isPending}
        disabled={text.trim() === '' || text.trim() === name}
      >
        {save.isSuccess && text.trim() === name ? t.common.saved : t.common.save}
      </Button>
    </form>
  );
}

/** The shortest password that the server takes. */
export const SHORTEST = 10;

function Password() {
  const { t } = useI18n();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/users/me/password', { body: { current, password: next } })),
    onSuccess: () => {
      setCurrent('');
      setNext('');
    },
  });
  const error = change.error instanceof ApiError ? change.error : undefined;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    change.mutate();
  };
  return (
    <form onSubmit={submit} className={classes.group}>
      <h2>{t.settings.changePassword}</h2>
      <PasswordInput
        label={t.settings.currentPassword}
        autoComplete="current-password"
        value={current}
        onChange={(e) => setCurrent(e.currentTarget.value)}
        error={error?.field('current')?.message}
      />
      <PasswordInput
        label={t.settings.newPassword}
        description={t.settings.passwordHint}
        autoComplete="new-password"
        value={next}
        onChange={(e) => setNext(e.currentTarget.value)}
        error={error?.field('password')?.message}
      />
      {change.error && !error?.field('current') && !error?.field('password') && (
        <ErrorState error={change.error} />
      )}
      {change.isSuccess && (
        <p className="good" role="status">
          {t.settings.passwordChanged}
        </p>
      )}
      <Button type="submit" loading={change.isPending} disabled={current === '' || next.length < SHORTEST}>
        {t.settings.changePassword}
      </Button>
    </form>
  );
}
