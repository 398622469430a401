import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { sessionQuery } from '~/api/queries';
import { useT } from '~/i18n';
import { safeNext } from '~/lib/next';
import { ErrorState } from '~/ui/ErrorState';
import { useUrl } from '~/url';
import { AuthFrame } from './AuthFrame';
import classes from './auth.module.css';

export function SignInPage() {
  const t = useT();
  const { search } = useUrl();
  const router = useRouter();
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/session', { body: { email: email.trim(), password } })),
    onSuccess: (session) => {
      client.clear();
      client.setQueryData(sessionQuery.queryKey, session);
      router.history.push(safeNext(search.next));
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    signIn.mutate();
  };
  const refused = signIn.error instanceof ApiError && signIn.error.status === 401;
  return (
    <AuthFrame title={t.auth.signInTitle}>
      <form onSubmit={submit} className={classes.form}>
        <TextInput
          size="sm"
          label={t.settings.email}
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(e) => setEmail(e.currentTarget.value)}
        />
        <PasswordInput
          size="sm"
          label={t.settings.password}
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
          error={refused ? signIn.error?.message : undefined}
        />
        {signIn.error && !refused && <ErrorState error={signIn.error} />}
        <Button type="submit" size="sm" loading={signIn.isPending}>
          {t.auth.signIn}
        </Button>
      </form>
    </AuthFrame>
  );
}
