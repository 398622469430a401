// What is said about a trace, as text: for copying, and split into words and code.
import { queryOptions } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';

export type Verdict = components['schemas']['VerdictView'];
export type Sentence = components['schemas']['VerdictSentence'];
export type Evidence = components['schemas']['VerdictEvidence'];

/** The number of spans is part of the key: late ones may change the verdict. */
export const verdictQuery = (traceId: string, spans: number, lang: string) =>
  queryOptions({
    queryKey: ['trace-verdict', traceId, spans, lang],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/traces/{trace_id}/verdict', { params: { path: { trace_id: traceId } }, signal }),
      ),
    staleTime: 60e3,
    retry: false,
  });

export interface Part {
  code: boolean;
  text: string;
}

/** parts splits a sentence at its backquotes. An odd one is a letter like others. */
export function parts(text: string): Part[] {
  const cut = text.split('`');
  if (cut.length % 2 === 0) return [{ code: false, text }];
  return cut.map((t, i) => ({ code: i % 2 === 1, text: t })).filter((p) => p.text !== '');
}

export interface Group {
  topic: string;
  sentences: Sentence[];
}

/** groups puts the sentences behind the summary under their topics, in their order. */
export function groups(v: Verdict): Group[] {
  const out: Group[] = [];
  for (const s of v.sentences.slice(1)) {
    const last = out[out.length - 1];
    if (last?.topic === s.topic) last.sentences.push(s);
    else out.push({ topic: s.topic, sentences: [s] });
  }
  return out;
}

/** slackEscape keeps what a span says from being read as Slack's markup. */
function slackEscape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** slack writes a verdict as Slack's Markdown, with a link to its page. */
export function slack(v: Verdict, topics: Record<string, string>, next: string, url: string): string {
  const lines = [`*${slackEscape(v.summary).replaceAll('*', '∗')}*`];
  for (const g of groups(v)) {
    lines.push(`*${topics[g.topic] ?? g.topic}*`);
    for (const s of g.sentences) lines.push(`• ${slackEscape(s.text)}`);
  }
  if (v.next.length > 0) {
    lines.push(`*${next}*`);
    for (const s of v.next) lines.push(`• <${new URL(s.link, url).href}|${slackEscape(s.text)}>`);
  }
  lines.push(url);
  return lines.join('\n');
}
