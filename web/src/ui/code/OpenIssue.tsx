// Opens an issue in the repository of a service: the text is prefilled, and read and changed
// before it goes out.
import { Button, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, unwrap } from '~/api/client';
import { useI18n, useTexts } from '~/i18n';
import { useIsAdmin } from '~/shell/Session';
import { CopyButton } from '~/ui/CopyButton';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { SkeletonRows } from '~/ui/SkeletonRows';
import classes from './code.module.css';
import { bindingsQuery, locateQuery, type Ran, repositoriesQuery, useReadsCode } from './code.queries';
import { texts } from './code.texts';
import type { Clue } from './frame';
import { type About, issueBody, issueTitle } from './issue';
import { ToRepositories } from './ToRepositories';

interface Props {
  about: About;
  ran: Ran | undefined;
  clue: Clue | undefined;
  /** onOpened is told the address, to note it where the error is. */
  onOpened: (link: string) => void;
}

export function OpenIssue(props: Props) {
  const t = useTexts(texts);
  const [opened, setOpened] = useState(false);
  if (!useReadsCode()) return null;
  return (
    <>
      <Button variant="default" leftSection={<Icon name="out" size={14} />} onClick={() => setOpened(true)}>
        {t.issue}
      </Button>
      {opened && <IssueDialog {...props} onClose={() => setOpened(false)} />}
    </>
  );
}

function IssueDialog({ about, ran, clue, onOpened, onClose }: Props & { onClose: () => void }) {
  const { lang } = useI18n();
  const t = useTexts(texts);
  const admin = useIsAdmin();
  const bindings = useQuery(bindingsQuery);
  const repositories = useQuery(repositoriesQuery);
  const bound = bindings.data?.items.find((b) => b.service === about.service);
  const repository = repositories.data?.items.find((r) => r.id === bound?.repository);
  const lines = useQuery({
    ...locateQuery(ran ?? { service: about.service, env: '', version: '', revision: '' }, clue ?? {}),
    enabled: clue !== undefined && repository !== undefined,
  });
  // What the reader wrote stays, also when the lines come later.
  const [written, setWritten] = useState<string | null>(null);
  const [title, setTitle] = useState(() => issueTitle(about));
  const [labels, setLabels] = useState('');
  const body = written ?? issueBody(about, lines.data, t, lang);
  const send = useMutation({
    mutationFn: () => {
      const names = labels
        .split(/[,、，]/)
        .map((l) => l.trim())
        .filter(Boolean);
      return unwrap(
        api.POST('/api/v1/code/issues', {
          body: {
            service: about.service,
            title: title.trim(),
            body,
            ...(names.length ? { labels: names } : {}),
          },
        }),
      );
    },
    onSuccess: ({ link }) => onOpened(link),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    send.mutate();
  };
  const error = send.error instanceof ApiError ? send.error : undefined;
  const why = !bound
    ? `${t.unbound(about.service)} ${admin ? t.unboundAdmin : t.unboundMember}`
    : repository?.kind === 'local'
      ? t.local(repository.name)
      : repository && !repository.secret
        ? t.noToken(repository.name)
        : '';
  const loading = !bindings.data || !repositories.data;
  const failed = bindings.error ?? repositories.error;
  return (
    <Dialog opened onClose={onClose} title={t.issueTitle} size="xl">
      {failed ? (
        <ErrorState error={failed} />
      ) : loading ? (
        <SkeletonRows rows={8} />
      ) : send.data ? (
        <div className={classes.form}>
          <p role="status">
            {t.opened}{' '}
            <a href={send.data.link} target="_blank" rel="noreferrer">
              {send.data.link}
            </a>{' '}
            {t.noted}
          </p>
          <div className={classes.buttons}>
            <CopyButton value={send.data.link} text />
            <Button onClick={onClose} data-autofocus>
              {t.close}
            </Button>
          </div>
        </div>
      ) : (
        <form onSubmit={submit} className={classes.form}>
          {why ? (
            <p className="warn">
              {why} {!(repository?.kind === 'local') && <ToRepositories />}
            </p>
          ) : (
            <p className="dim">
              {t.goesTo} <strong>{repository?.name}</strong>{' '}
              <span className="mono">{repository?.address}</span>
            </p>
          )}
          <TextInput
            label={t.title}
            data-autofocus
            required
            maxLength={256}
            value={title}
            onChange={(e) => setTitle(e.currentTarget.value)}
            error={error?.field('title')?.message}
          />
          <Textarea
            label={t.body}
            autosize
            minRows={10}
            maxRows={18}
            maxLength={60_000}
            value={body}
            onChange={(e) => setWritten(e.currentTarget.value)}
            error={error?.field('body')?.message}
          />
          {lines.isFetching && written === null && <p className="dim">{t.linesComing}</p>}
          {!why && (
            <TextInput
              label={t.labels}
              value={labels}
              onChange={(e) => setLabels(e.currentTarget.value)}
              error={error?.field('labels')?.message}
            />
          )}
          {send.error && !error?.fields.length ? <ErrorState error={send.error} /> : null}
          <div className={classes.buttons}>
            <CopyButton value={body} label={t.copyBody} text />
            <Button variant="default" onClick={onClose}>
              {t.cancel}
            </Button>
            <Button type="submit" loading={send.isPending} disabled={why !== '' || title.trim() === ''}>
              {t.send}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
