// An answer as it stands in Slack, about a real request: nothing in it is made up.
import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import { useI18n, useTexts } from '~/i18n';
import { ErrorState } from '~/ui/ErrorState';
import { TraceLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';
import classes from './slack.module.css';
import { texts } from './slack.texts';

/** As many sentences as an answer in Slack has at most. */
const SENTENCES = 7;

const marks: Record<string, string> = { ok: '✅', error: '🚨', slow: '🐢', timeout: '⏱️' };

const answerQuery = (lang: string) => ({
  queryKey: ['slack-preview', lang],
  queryFn: async ({ signal }: { signal: AbortSignal }) => {
    const newest = async (filter: string) => {
      const query = { from: '-24h', to: 'now', limit: 1, ...(filter ? { filter } : {}) };
      return (await unwrap(api.GET('/api/v1/traces', { params: { query }, signal }))).items[0];
    };
    const one = (await newest('status:error')) ?? (await newest(''));
    if (!one) return null;
    const params = { path: { trace_id: one.trace_id } };
    return unwrap(api.GET('/api/v1/traces/{trace_id}/verdict', { params, signal }));
  },
  staleTime: 5 * 60e3,
  retry: false,
});

export function SlackPreview({ command, bot }: { command: string; bot: string }) {
  const { lang } = useI18n();
  const t = useTexts(texts);
  const q = useQuery(answerQuery(lang));
  if (q.error) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (q.data === undefined) return <SkeletonRows rows={4} />;
  if (q.data === null) return <p className="dim">{t.previewNone}</p>;
  const v = q.data;
  const said = v.sentences.filter((s) => s.text !== v.summary);
  return (
    <>
      <p className="dim">{t.previewReal}</p>
      <div className={classes.message}>
        <div>
          <strong>{t.previewYou}</strong>{' '}
          <span className="mono">
            {command} {v.trace_id}
          </span>
        </div>
        <div className={classes.answer}>
          <strong>{bot}</strong>
          <p className={classes.summary}>
            <span aria-hidden="true">{marks[v.outcome]}</span> {v.summary}
          </p>
          {said.slice(0, SENTENCES).map((s, i) => (
            <p key={i}>{s.text}</p>
          ))}
          {said.length > SENTENCES && <p>{t.more(said.length - SENTENCES)}</p>}
          <TraceLink id={v.trace_id} className={classes.button}>
            {t.open}
          </TraceLink>
        </div>
      </div>
    </>
  );
}
