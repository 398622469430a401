// PromQL with completion of metrics, labels and values, its mistakes marked as one writes, and
// functions explained where one points: a chunk of its own.
import type { Extension } from '@codemirror/state';
import { hoverTooltip } from '@codemirror/view';
import { type PrometheusClient, PromQLExtension } from '@prometheus-io/codemirror-promql';
import { useEffect, useMemo } from 'react';
import { api, unwrap } from '~/api/client';
import { useI18n } from '~/i18n';
import type { Lang } from '~/lib/format';
import CodeEditor, { type CodeEditorProps } from '~/ui/editor/CodeEditor';
import { phrases } from '~/ui/editor/phrases';
import { docOf } from './functions';

interface Props extends Omit<CodeEditorProps, 'language' | 'phrases'> {
  /** from and to: what is completed had samples in between. */
  from: string;
  to: string;
}

export default function PromqlEditor({ from, to, ...p }: Props) {
  const { lang } = useI18n();
  const promql = useMemo(
    () => new PromQLExtension().setComplete({ remote: ourClient(from, to), maxMetricsMetadata: 5000 }),
    [from, to],
  );
  useEffect(() => () => promql.destroy(), [promql]);
  const language = useMemo<Extension>(() => [promql.asExtension(), explained(lang)], [promql, lang]);
  return <CodeEditor {...p} oneLine language={language} phrases={phrases[lang]} />;
}

/** ourClient answers the editor's questions from our API; of what it cannot learn it knows
 * nothing, and completes what it has. */
function ourClient(from: string, to: string): PrometheusClient {
  const known = new Map<string, Promise<unknown>>();
  const once = <T,>(key: string, ask: () => Promise<T>, none: T): Promise<T> => {
    const was = known.get(key) as Promise<T> | undefined;
    if (was) return was;
    const now = ask().catch(() => {
      known.delete(key);
      return none;
    });
    known.set(key, now);
    return now;
  };
  const names = () =>
    once('names', () => unwrap(api.GET('/api/v1/metrics/names', { params: { query: { limit: 5000 } } })), {
      items: [],
      more: false,
    });
  return {
    metricNames: async () => (await names()).items.map((m) => m.name),
    metricMetadata: async () =>
      Object.fromEntries((await names()).items.map((m) => [m.name, [{ type: m.type, help: m.help }]])),
    labelNames: (metric = '') =>
      once(
        `names ${metric}`,
        async () =>
          (
            await unwrap(
              api.GET('/api/v1/metrics/labels', {
                params: { query: { from, to, ...(metric ? { metric } : {}) } },
              }),
            )
          ).items.filter((l) => l !== '__name__'),
        [],
      ),
    labelValues: (label, metric = '') =>
      label === '__name__'
        ? names().then((n) => n.items.map((m) => m.name))
        : once(
            `values ${label} ${metric}`,
            async () =>
              (
                await unwrap(
                  api.GET('/api/v1/metrics/labels/values', {
                    params: { query: { from, to, label, ...(metric ? { metric } : {}) } },
                  }),
                )
              ).items,
            [],
          ),
    // What it would be used for the two above answer.
    series: async () => [],
    flags: async () => ({}),
  };
}

/** explained says what a function does to who points at it. */
const explained = (lang: Lang) =>
  hoverTooltip((view, pos) => {
    const word = view.state.wordAt(pos);
    if (!word) return null;
    const name = view.state.sliceDoc(word.from, word.to);
    const after = view.state.sliceDoc(word.to, word.to + 40);
    const doc = /^\s*(\(|by\b|without\b)/.test(after) ? docOf(name, lang) : undefined;
    if (!doc) return null;
    return {
      pos: word.from,
      end: word.to,
      above: false,
      create: () => {
        const dom = document.createElement('div');
        const usage = dom.appendChild(document.createElement('code'));
        usage.textContent = doc.usage;
        dom.appendChild(document.createElement('div')).textContent = doc.text;
        return { dom };
      },
    };
  });
