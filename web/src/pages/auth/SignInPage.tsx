import { Button, Divider, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { sessionQuery } from '~/api/queries';
import { useT, useTexts } from '~/i18n';
import { safeNext } from '~/lib/next';
import { ErrorState } from '~/ui/ErrorState';
import { useUrl } from '~/url';
import { AuthFrame } from './AuthFrame';
import classes from './auth.module.css';
import { texts } from './signin.texts';

export function SignInPage() {
  const t = useT();
  const x = useTexts(texts);
  const { search } = useUrl();
  const router = useRouter();
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const providers = session.data?.providers ?? [];
  const emergency = session.data?.passwords === 'admins';
  const [byPassword, setByPassword] = useState(false);
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
      {search.error && (
        <div role="alert" className={classes.refused}>
          {x.refused[search.error] ?? x.refused.provider}
          {search.trace && <div className="dim">{x.trace(search.trace)}</div>}
        </div>
      )}
      {providers.length > 0 && (
        <div className={classes.form}>
          {providers.map((p) => (
            <Button
              key={p.sign_in}
              size="sm"
              component="a"
              href={`${p.sign_in}?next=${encodeURIComponent(safeNext(search.next))}`}
            >
              {x.with(p.name)}
            </Button>
          ))}
          {emergency && !byPassword ? (
            <Button variant="subtle" size="sm" onClick={() => setByPassword(true)}>
              {x.emergency}
            </Button>
          ) : (
            <Divider label={x.or} />
          )}
        </div>
      )}
      <form onSubmit={submit} className={classes.form} hidden={emergency && !byPassword}>
        <TextInput
          size="sm"
          label={t.settings.email}
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus={providers.length === 0}
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
