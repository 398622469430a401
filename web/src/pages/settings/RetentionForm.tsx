// A rule, new or changed. What saving it takes away is shown before.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useDeferredValue, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { useTexts } from '~/i18n';
import { bytes, count } from '~/lib/format';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import { forWhat } from './Retention';
import { type Preview, previewQuery, type Rule } from './retention.queries';
import { texts } from './retention.texts';
import classes from './settings.module.css';

interface Props {
  was: Rule | null;
  onClose: () => void;
  onDone: () => void;
}

/** How many effects are listed; the others are counted. */
const listed = 6;

export function RetentionForm({ was, onClose, onDone }: Props) {
  const t = useTexts(texts);
  const [signal, setSignal] = useState<Rule['signal']>(was?.signal ?? 'spans');
  const [service, setService] = useState(was?.service ?? '');
  const [env, setEnv] = useState(was?.env ?? '');
  const [whole, setWhole] = useState(String(was?.whole_days ?? 7));
  const [thin, setThin] = useState(String(was?.thin_days ?? 7));
  const [oneIn, setOneIn] = useState(String(was?.one_in ?? 10));
  const metrics = signal === 'metrics';
  const change = {
    ...(was?.default ? {} : { service: service.trim(), env: env.trim() }),
    whole_days: Number(whole),
    thin_days: metrics ? 0 : Number(thin),
    one_in: metrics ? 0 : Number(oneIn),
  };
  const asked = useDeferredValue(
    JSON.stringify(was ? { id: was.id, change } : { rule: { signal, ...change } }),
  );
  const preview = useQuery({
    ...previewQuery(JSON.parse(asked)),
    enabled: whole !== '' && (was?.default || service.trim() !== '' || env.trim() !== ''),
    placeholderData: keepPreviousData,
  });
  const save = useMutation({
    mutationFn: () =>
      was
        ? unwrap(
            api.PATCH('/api/v1/retention/rules/{id}', {
              params: { path: { id: was.id }, header: { 'If-Match': was.etag } },
              body: change,
            }),
          )
        : unwrap(api.POST('/api/v1/retention/rules', { body: { signal, ...change } })),
    onSuccess: onDone,
  });
  const failed = save.error ?? preview.error;
  const error = failed instanceof ApiError ? failed : undefined;
  const days = (
    field: 'whole_days' | 'thin_days' | 'one_in',
    label: string,
    value: string,
    to: (v: string) => void,
    hint?: string,
  ) => (
    <TextInput
      label={label}
      description={hint}
      inputMode="numeric"
      required
      value={value}
      onChange={(e) => to(e.currentTarget.value.replace(/\D/g, ''))}
      error={error?.field(field)?.message}
    />
  );
  const submit = (e: FormEvent) => {
    e.preventDefault();
    save.mutate();
  };
  const loses = (preview.data?.rows ?? 0) > 0;
  return (
    <Dialog opened onClose={onClose} title={was ? `${t.edit}: ${forWhat(t, was)}` : t.add}>
      <form onSubmit={submit} className={classes.group}>
        {!was && (
          <NativeSelect
            label={t.signal}
            value={signal}
            onChange={(e) => setSignal(e.currentTarget.value as Rule['signal'])}
            data={(['logs', 'spans'] as const).map((s) => ({ value: s, label: t.signals[s] ?? s }))}
          />
        )}
        {!was?.default && (
          <>
            <TextInput
              label={t.service}
              data-autofocus
              value={service}
              onChange={(e) => setService(e.currentTarget.value)}
              error={error?.field('service')?.message}
            />
            <TextInput
              label={t.env}
              value={env}
              onChange={(e) => setEnv(e.currentTarget.value)}
              error={error?.field('env')?.message}
            />
          </>
        )}
        {days('whole_days', t.wholeLong, whole, setWhole)}
        {!metrics && days('thin_days', t.thinLong, thin, setThin)}
        {!metrics && days('one_in', t.oneIn, oneIn, setOneIn, t.oneInHint)}
        {preview.data && <Effects preview={preview.data} />}
        {failed && !error?.fields.length ? <ErrorState error={failed} /> : null}
        <Button type="submit" color={loses ? 'red.8' : undefined} loading={save.isPending}>
          {loses ? t.saveAnyway : t.save}
        </Button>
      </form>
    </Dialog>
  );
}

function Effects({ preview: p }: { preview: Preview }) {
  const t = useTexts(texts);
  return (
    <section aria-label={t.effect} role="status">
      <h2>{t.effect}</h2>
      {p.rows === 0 ? (
        <p>{t.nothingLost}</p>
      ) : (
        <p className="warn">{t.lost(count(p.rows), bytes(p.bytes))}</p>
      )}
      <ul className={classes.changes}>
        {p.effects.slice(0, listed).map((e) => (
          <li key={`${e.signal} ${e.service} ${e.env} ${e.state}`}>
            {t.row(t.states[e.state] ?? e.state, forWhat(t, e), e.from, e.to, count(e.rows))}
          </li>
        ))}
        {p.effects.length > listed && <li>{t.more(p.effects.length - listed)}</li>}
      </ul>
      {!p.fits && <p className="warn">{t.notFit}</p>}
    </section>
  );
}
