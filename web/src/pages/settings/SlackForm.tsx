// What the server needs to know of the app: references to its secrets, and who is answered.
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ApiError } from '~/api/client';
import { useTexts } from '~/i18n';
import { ErrorState } from '~/ui/ErrorState';
import type { SlackBody } from './Slack';
import classes from './slack.module.css';
import { texts } from './slack.texts';

interface Props {
  was: SlackBody;
  pending: boolean;
  error: unknown;
  onSave: (b: SlackBody) => void;
}

export function SlackForm({ was, pending, error, onSave }: Props) {
  const t = useTexts(texts);
  const [s, setS] = useState(was);
  const [channels, setChannels] = useState(was.channels.join('\n'));
  const refused = error instanceof ApiError ? error : undefined;
  const text = (
    field: 'bot' | 'app' | 'signing' | 'command',
    label: string,
    hint: string,
    example: string,
  ) => (
    <TextInput
      label={label}
      description={hint}
      placeholder={example}
      value={s[field]}
      onChange={(e) => setS({ ...s, [field]: e.currentTarget.value })}
      error={refused?.field(field)?.message}
    />
  );
  const submit = (e: FormEvent) => {
    e.preventDefault();
    const ids = channels.split(/[\s,]+/).filter(Boolean);
    onSave({ ...s, channels: ids });
  };
  return (
    <form onSubmit={submit} className={classes.form}>
      {text('bot', t.botRef, t.refHint, 'file:/run/secrets/slack-bot')}
      {text('app', t.appRef, t.refHint, 'file:/run/secrets/slack-app')}
      {text('signing', t.signingRef, t.refHint, 'env:YAGURA_SECRET_SLACK_SIGNING')}
      {text('command', t.command, t.commandHint, '/yagura')}
      <NativeSelect
        label={t.lang}
        description={t.langHint}
        value={s.lang}
        onChange={(e) => setS({ ...s, lang: e.currentTarget.value as SlackBody['lang'] })}
        data={[
          { value: 'ja', label: '日本語' },
          { value: 'en', label: 'English' },
        ]}
        error={refused?.field('lang')?.message}
      />
      <Textarea
        label={t.channels}
        description={t.channelsHint}
        placeholder="C0123ABCD"
        autosize
        minRows={2}
        value={channels}
        onChange={(e) => setChannels(e.currentTarget.value)}
        error={refused?.field('channels')?.message}
      />
      {error && !refused?.fields.length ? <ErrorState error={error} /> : null}
      <div>
        <Button type="submit" loading={pending}>
          {t.save}
        </Button>
      </div>
    </form>
  );
}
