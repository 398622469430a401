import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { sessionQuery } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { useUrl } from '~/url';
import { SHORTEST } from '../settings/Account';
import { AuthFrame } from './AuthFrame';
import classes from './auth.module.css';

export function SetupPage() {
  const { t } = useI18n();
  const { search } = useUrl();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [form, setForm] = useState({ name: '', email: '', password: '', repeat: '' });
  const token = search.token ?? '';
  const setup = useMutation({
    mutationFn: () =>
      unwrap(
        api.POST('/api/v1/setup', {
          body: { token, name: form.name.trim(), email: form.email.trim(), password: form.password },
        }),
      ),
    onSuccess: (session) => {
      client.clear();
      client.setQueryData(sessionQuery.queryKey, session);
      void navigate({ to: '/services', replace: true });
    },
  });
  if (token === '') {
    return (
      <AuthFrame title={t.auth.setupTitle}>
        <Empty title={t.auth.noToken} text={t.auth.setupNeededText} />
      </AuthFrame>
    );
  }
  const error = setup.error instanceof ApiError ? setup.error : undefined;
  const short = form.password !== '' && form.password.length < SHORTEST;
  const differs = form.repeat !== '' && form.repeat !== form.password;
  const field = (key: keyof typeof form) => ({
    size: 'sm' as const,
    required: true,
    value: form[key],
    onChange: (e: { currentTarget: { value: string } }) => setForm({ ...form, [key]: e.currentTarget.value }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!short && !differs) setup.mutate();
  };
  return (
    <AuthFrame title={t.auth.setupTitle} text={t.auth.setupText}>
      <form onSubmit={submit} className={classes.form}>
        <TextInput
          label={t.settings.name}
          autoComplete="name"
          autoFocus
          error={error?.field('name')?.message}
          {...field('name')}
        />
        <TextInput
          label={t.settings.email}
          type="email"
          autoComplete="username"
          error={error?.field('email')?.message}
          {...field('email')}
        />
        <PasswordInput
          label={t.settings.password}
          description={t.settings.passwordHint}
          autoComplete="new-password"
          error={short ? t.auth.tooShort : error?.field('password')?.message}
          {...field('password')}
        />
        <PasswordInput
          label={t.auth.repeat}
          autoComplete="new-password"
          error={differs ? t.auth.mismatch : undefined}
          {...field('repeat')}
        />
        {error && !['name', 'email', 'password'].some((k) => error.field(k)) && <ErrorState error={error} />}
        <Button
          type="submit"
          size="sm"
          loading={setup.isPending}
          disabled={short || differs || form.repeat === ''}
        >
          {t.auth.setup}
        </Button>
      </form>
    </AuthFrame>
  );
}
