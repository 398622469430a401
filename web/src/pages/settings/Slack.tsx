// Slack: make the app, put its tokens where the server reads them, name them here; how it
// goes, and what an answer looks like.
import { Button } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';
import { useI18n, useTexts } from '~/i18n';
import { Ago } from '~/ui/Ago';
import { CopyButton } from '~/ui/CopyButton';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { ScrollPre } from '~/ui/ScrollPre';
import { SkeletonRows } from '~/ui/SkeletonRows';
import { Confirm } from './Confirm';
import { SlackForm } from './SlackForm';
import { SlackPreview } from './SlackPreview';
import settings from './settings.module.css';
import classes from './slack.module.css';
import { texts } from './slack.texts';

type S = components['schemas'];
export type Slack = S['SlackView'];
export type SlackBody = S['SlackSettingsBody'];

/** The state with the ETag with which it may be changed; problems are in the reader's language. */
const slackQuery = (lang: string) =>
  queryOptions({
    queryKey: ['slack', lang],
    queryFn: async ({ signal }) => {
      const call = api.GET('/api/v1/slack', { signal });
      const view = await unwrap(call);
      return { view, etag: (await call).response.headers.get('ETag') ?? '' };
    },
    refetchInterval: 10_000,
  });

export function SlackSettings() {
  const { lang } = useI18n();
  const t = useTexts(texts);
  const client = useQueryClient();
  const q = useQuery(slackQuery(lang));
  const [stopping, setStopping] = useState(false);
  const renew = () => client.invalidateQueries({ queryKey: ['slack'] });
  const save = useMutation({
    mutationFn: ({ body, etag }: { body: SlackBody; etag: string }) =>
      unwrap(api.PUT('/api/v1/slack', { body, params: etag ? { header: { 'If-Match': etag } } : {} })),
    onSuccess: () => {
      setStopping(false);
      check.reset();
    },
    onSettled: renew,
  });
  const check = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/slack/check')),
    onSettled: renew,
  });
  if (q.error && !q.data) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={8} />;
  const { view, etag } = q.data;
  const off: SlackBody = { ...bodyOf(view), bot: '', app: '', signing: '', channels: [] };
  const stale = save.error instanceof ApiError && save.error.status === 412;
  return (
    <div className={classes.page}>
      <p className={classes.intro}>{t.text}</p>
      <section className={classes.box} aria-labelledby="slack-state">
        <h2 id="slack-state">{t.state}</h2>
        <State slack={view} />
        {view.on && (
          <div className={classes.buttons}>
            <Button
              variant="default"
              leftSection={<Icon name="refresh" size={14} />}
              loading={check.isPending}
              onClick={() => check.mutate()}
            >
              {t.check}
            </Button>
            <Button variant="subtle" color="red.8" onClick={() => setStopping(true)}>
              {t.turnOff}
            </Button>
          </div>
        )}
        <div role="status">
          {check.data && !check.data.problem && (
            <p className={classes.fine}>
              <Icon name="ok" size={14} /> {t.fine}
            </p>
          )}
        </div>
        {check.error ? <ErrorState error={check.error} /> : null}
      </section>
      <details className={classes.box} open={view.on ? undefined : true}>
        <summary>{t.step1}</summary>
        <p>{t.step1Text}</p>
        <div className={classes.buttons}>
          <CopyButton value={view.manifest} label={t.copyManifest} text />
          <a href="https://api.slack.com/apps" target="_blank" rel="noreferrer">
            {t.openSlack}
          </a>
        </div>
        <h3 className="visually-hidden">{t.manifest}</h3>
        <ScrollPre className={classes.manifest}>{view.manifest}</ScrollPre>
      </details>
      <details className={classes.box} open={view.on ? undefined : true}>
        <summary>{t.step2}</summary>
        <p>{t.step2Text}</p>
        <Secrets />
      </details>
      <section className={classes.box} aria-labelledby="slack-names">
        <h2 id="slack-names">{t.step3}</h2>
        <SlackForm
          key={etag}
          was={bodyOf(view)}
          pending={save.isPending}
          error={stale ? null : save.error}
          onSave={(body) => save.mutate({ body, etag })}
        />
        <div role="status">
          {stale ? (
            <p className="warn">{t.changed}</p>
          ) : (
            save.data && <p className={classes.fine}>{t.saved}</p>
          )}
        </div>
      </section>
      <section className={classes.box} aria-labelledby="slack-preview">
        <h2 id="slack-preview">{t.preview}</h2>
        <SlackPreview command={view.command || '/yagura'} bot={view.bot_name || 'yagura'} />
      </section>
      {stopping && (
        <Confirm
          title={t.turnOff}
          text={t.turnOffText}
          action={t.turnOff}
          pending={save.isPending}
          error={save.error}
          onConfirm={() => save.mutate({ body: off, etag })}
          onClose={() => {
            save.reset();
            setStopping(false);
          }}
        />
      )}
    </div>
  );
}

const bodyOf = (v: Slack): SlackBody => ({
  bot: v.bot,
  app: v.app,
  signing: v.signing,
  command: v.command,
  lang: v.lang,
  channels: v.channels,
});

function State({ slack: s }: { slack: Slack }) {
  const t = useTexts(texts);
  const row = (name: string, value: ReactNode) => (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
  if (!s.on)
    return (
      <p>
        <strong>{t.off}</strong> <span className="dim">{t.offText}</span>
      </p>
    );
  const good = s.problem === '' && (s.connected || s.app === '');
  return (
    <>
      <p className={good ? classes.fine : classes.bad}>
        <Icon name={good ? 'ok' : 'error'} size={14} />
        <strong>{s.connected ? t.connected : s.app === '' ? t.http : t.disconnected}</strong>
      </p>
      {s.problem && (
        <p className={classes.problem} role="alert">
          {s.problem}
        </p>
      )}
      <dl className={classes.facts}>
        {row(t.workspace, s.workspace || '–')}
        {row(t.bot, s.bot_name || '–')}
        {s.since && row(t.since, <Ago time={s.since} />)}
        {row(t.lastAsked, s.last_asked ? <Ago time={s.last_asked} /> : t.never)}
      </dl>
    </>
  );
}

/** Secrets says where each stands at Slack, and how it is named here. */
function Secrets() {
  const t = useTexts(texts);
  const rows = [
    [t.botToken, t.botWhere, 'file:/run/secrets/slack-bot'],
    [t.appToken, t.appWhere, 'file:/run/secrets/slack-app'],
    [t.signing, t.signingWhere, 'env:YAGURA_SECRET_SLACK_SIGNING'],
  ] as const;
  return (
    <div className={settings.table}>
      <table className={classes.secrets}>
        <thead>
          <tr>
            <th scope="col">{t.secret}</th>
            <th scope="col">{t.where}</th>
            <th scope="col">{t.example}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, where, example]) => (
            <tr key={example}>
              <th scope="row">{name}</th>
              <td>{where}</td>
              <td className="mono">{example}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
