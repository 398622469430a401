// A destination, new or edited. What each kind needs is asked for, nothing else.
import { Button, NativeSelect, SegmentedControl, Switch, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';
import { useTexts } from '~/i18n';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import type { Destination } from './Notifications';
import { texts } from './notifications.texts';
import classes from './settings.module.css';

type Settings = components['schemas']['DestinationSettingsView'];
type Kind = Destination['kind'];

interface Props {
  was: Destination | null;
  onClose: () => void;
  onDone: () => void;
}

export function DestinationForm({ was, onClose, onDone }: Props) {
  const t = useTexts(texts);
  const [name, setName] = useState(was?.name ?? '');
  const [kind, setKind] = useState<Kind>(was?.kind ?? 'slack');
  const [lang, setLang] = useState<'en' | 'ja'>(
    was?.lang ?? (document.documentElement.lang === 'ja' ? 'ja' : 'en'),
  );
  const [s, setS] = useState<Settings>(was?.settings ?? {});
  const [perMinute, setPerMinute] = useState(was?.per_minute ? String(was.per_minute) : '');
  const [disabled, setDisabled] = useState(was?.disabled ?? false);
  const save = useMutation({
    mutationFn: async () => {
      const body = {
        name: name.trim(),
        kind,
        lang,
        settings: { ...s, ...(s.to ? { to: s.to.map((a) => a.trim()).filter(Boolean) } : {}) },
        per_minute: Number(perMinute) || 0,
        disabled,
      };
      if (was) {
        const path = { path: { id: was.id } };
        return unwrap(api.PUT('/api/v1/notify/destinations/{id}', { params: path, body }));
      }
      return unwrap(api.POST('/api/v1/notify/destinations', { body }));
    },
    onSuccess: onDone,
  });
  const error = save.error instanceof ApiError ? save.error : undefined;
  const text = (
    field: 'url' | 'url_secret' | 'secret' | 'host' | 'user' | 'password' | 'from',
    label: string,
    hint = '',
  ) => (
    <TextInput
      label={label}
      placeholder={hint}
      value={s[field] ?? ''}
      onChange={(e) => setS({ ...s, [field]: e.currentTarget.value })}
      error={error?.field(field)?.message}
    />
  );
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  return (
    <Dialog opened onClose={onClose} title={was ? `${t.edit}: ${was.name}` : t.add}>
      <form onSubmit={submit} className={classes.group}>
        {!was && (
          <SegmentedControl
            aria-label={t.kind}
            value={kind}
            onChange={(v) => setKind(v as Kind)}
            data={(['slack', 'email', 'webhook'] as const).map((k) => ({ value: k, label: t.kinds[k] ?? k }))}
          />
        )}
        <TextInput
          label={t.name}
          data-autofocus
          required
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          error={error?.field('name')?.message}
        />
        {kind === 'slack' && text('url_secret', t.urlSecret, 'file:/run/secrets/slack')}
        {kind === 'webhook' && (
          <>
            {text('url', t.url, 'https://example.com/hook')}
            {text('secret', t.secret, 'file:/run/secrets/hook')}
          </>
        )}
        {kind === 'email' && (
          <>
            {text('host', t.host, 'smtp.example.com')}
            <NativeSelect
              label={t.tls}
              value={s.tls ?? 'starttls'}
              onChange={(e) => setS({ ...s, tls: e.currentTarget.value as NonNullable<Settings['tls']> })}
              data={(['starttls', 'tls', 'none'] as const).map((m) => ({
                value: m,
                label: t.tlsModes[m] ?? m,
              }))}
              error={error?.field('tls')?.message}
            />
            <TextInput
              label={t.port}
              inputMode="numeric"
              value={s.port ? String(s.port) : ''}
              onChange={(e) => setS({ ...s, port: Number(e.currentTarget.value.replace(/\D/g, '')) || 0 })}
              error={error?.field('port')?.message}
            />
            {text('user', t.user)}
            {text('password', t.password, 'file:/run/secrets/smtp')}
            {text('from', t.from, 'Yagura <yagura@example.com>')}
            <Textarea
              label={t.to}
              autosize
              minRows={2}
              value={(s.to ?? []).join('\n')}
              onChange={(e) => setS({ ...s, to: e.currentTarget.value.split('\n') })}
              error={error?.field('to')?.message}
            />
          </>
        )}
        <NativeSelect
          label={t.lang}
          value={lang}
          onChange={(e) => setLang(e.currentTarget.value as 'en' | 'ja')}
          data={[
            { value: 'ja', label: '日本語' },
            { value: 'en', label: 'English' },
          ]}
        />
        <TextInput
          label={t.perMinute}
          inputMode="numeric"
          value={perMinute}
          onChange={(e) => setPerMinute(e.currentTarget.value.replace(/\D/g, ''))}
          error={error?.field('per_minute')?.message}
        />
        <Switch
          label={t.disabled}
          checked={disabled}
          onChange={(e) => setDisabled(e.currentTarget.checked)}
        />
        {save.error && !error?.fields.length ? <ErrorState error={save.error} /> : null}
        <Button type="submit" loading={save.isPending} disabled={name.trim() === ''}>
          {t.save}
        </Button>
      </form>
    </Dialog>
  );
}
