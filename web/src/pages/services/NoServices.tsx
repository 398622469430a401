// The first page of a new server: how to send data, ready to paste.
import { Button, Loader, Tabs } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api, unwrap } from '~/api/client';
import { statusQuery } from '~/api/queries';
import { useT } from '~/i18n';
import { type SnippetKind, snippet, snippetKinds, targetFor } from '~/lib/snippets';
import { useRange } from '~/shell/RangeContext';
import { useIsAdmin, useSession } from '~/shell/Session';
import { CopyButton } from '~/ui/CopyButton';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { ScrollPre } from '~/ui/ScrollPre';
import classes from './services.module.css';

export function NoServices({ children }: { children?: ReactNode }) {
  const t = useT();
  const range = useRange();
  return (
    <div className={classes.onboard}>
      <h2>{t.onboard.title}</h2>
      <p>{t.onboard.text}</p>
      <Snippets />
      <div className={classes.waiting} role="status">
        {range.live && <Loader size={14} />}
        {range.live ? t.onboard.waiting : t.onboard.notLive}
      </div>
      {children}
    </div>
  );
}

/** Snippets per language; an administrator can have a token made and filled in. */
export function Snippets({ token: given }: { token?: string }) {
  const t = useT();
  const session = useSession();
  const admin = useIsAdmin();
  const [kind, setKind] = useState<SnippetKind>('env');
  const create = useMutation({
    mutationFn: () =>
      unwrap(api.POST('/api/v1/tokens', { body: { name: t.onboard.tokenName, kind: 'ingest' } })),
  });
  const token = given ?? create.data?.secret;
  const status = useQuery({ ...statusQuery, refetchInterval: false });
  const needs = (status.data?.otlp.need_token ?? session.auth !== 'none') || given !== undefined;
  const target = targetFor(
    location.hostname,
    location.protocol === 'https:',
    status.data?.otlp,
    needs ? (token ?? t.onboard.tokenPlaceholder) : undefined,
  );
  const text = snippet(kind, target);
  return (
    <>
      <Tabs value={kind} onChange={(v) => setKind((v as SnippetKind) ?? 'env')} keepMounted={false}>
        <Tabs.List aria-label={t.onboard.languages}>
          {snippetKinds.map((k) => (
            <Tabs.Tab key={k} value={k}>
              {t.onboard.kinds[k]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {snippetKinds.map((k) => (
          <Tabs.Panel key={k} value={k}>
            <div className={classes.snippet}>
              <div className={classes.copy}>
                <CopyButton value={text} text />
              </div>
              <ScrollPre>{text}</ScrollPre>
            </div>
          </Tabs.Panel>
        ))}
      </Tabs>
      {needs && !given && !create.data && admin && (
        <Button
          variant="light"
          mb="sm"
          leftSection={<Icon name="key" size={14} />}
          loading={create.isPending}
          onClick={() => create.mutate()}
        >
          {t.onboard.makeToken}
        </Button>
      )}
      {needs && !given && !token && !admin && <p>{t.onboard.askToken}</p>}
      {create.data && <p>{t.onboard.tokenOnce}</p>}
      {create.error && <ErrorState error={create.error} />}
    </>
  );
}
