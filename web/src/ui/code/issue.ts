// The title and the Markdown of an issue about a group of errors, in the reader's language.
// What programs wrote stands in code blocks: it formats nothing and mentions nobody.
import type { Lang } from '~/lib/format';
import { count } from '~/lib/format';
import * as T from '~/lib/time';
import type { Place } from './code.queries';
import type { texts } from './code.texts';

type Texts = (typeof texts)['en'];

/** About is what is known of the errors. */
export interface About {
  service: string;
  envs: string[];
  type: string;
  message: string;
  stack: string;
  count: number;
  users: number;
  fromMs: number;
  toMs: number;
  first?: string | undefined;
  last?: string | undefined;
  versions: { value: string; count: number }[];
  endpoints: { value: string; count: number }[];
  /** Addresses, whole: the issue is read elsewhere. */
  group: string;
  trace?: string | undefined;
}

/** As many characters as a title and a text may have; the server refuses more. */
const TITLE = 256;
const STACK = 20_000;
const MESSAGE = 4000;
const NAMES = 10;

export function issueTitle(a: About): string {
  const first = a.message.split('\n')[0]!.trim();
  const title = [a.type, first].filter(Boolean).join(': ') || a.service;
  return title.length > TITLE ? `${title.slice(0, TITLE - 1)}…` : title;
}

export function issueBody(a: About, place: Place | undefined, t: Texts, lang: Lang): string {
  const m = t.md;
  const time = (ms: number) => T.full(ms, lang, false);
  const cut = (s: string, n: number) => (s.length > n ? `${s.slice(0, n)}\n${m.cut}` : s);
  const tally = (items: About['versions'], none: string) =>
    items
      .slice(0, NAMES)
      .map((v) => `${v.value ? code(v.value) : none} (${count(v.count)})`)
      .join(', ');
  const row = (name: string, value: string) => (value ? [`- **${name}**: ${value}`] : []);
  const out = [
    `## ${m.what}`,
    '',
    ...row(m.type, a.type && code(a.type)),
    ...row(m.service, code(a.service)),
    ...row(m.env, a.envs.filter(Boolean).map(code).join(', ')),
    ...row(m.count, m.countIn(count(a.count), time(a.fromMs), time(a.toMs))),
    ...row(m.users, a.users > 0 ? count(a.users) : ''),
    ...row(m.first, a.first ? time(T.msOf(a.first)) : ''),
    ...row(m.last, a.last ? time(T.msOf(a.last)) : ''),
    ...row(m.versions, tally(a.versions, m.noVersion)),
    ...row(m.endpoints, tally(a.endpoints, '–')),
  ];
  if (a.message) out.push('', `### ${m.message}`, '', fence(cut(a.message, MESSAGE)));
  if (a.stack) out.push('', `### ${m.stack}`, '', fence(cut(a.stack, STACK)));
  const c = place?.candidates[0];
  if (place && c) {
    const at = `${c.path}:${c.line}`;
    out.push(
      '',
      `### ${m.source}`,
      '',
      `${c.link ? `[${at}](${c.link})` : code(at)} ${m.at(place.commit.slice(0, 7))}`,
    );
    if (!place.exact) out.push('', m.moved);
    const width = String(c.from + c.lines.length).length;
    const lines = c.lines.map((l, i) => {
      const n = c.from + i;
      return `${n === c.line ? '>' : ' '} ${String(n).padStart(width)}  ${l}`;
    });
    out.push('', fence(lines.join('\n')));
  }
  out.push('', `### ${m.links}`, '', `- [${m.group}](${a.group})`);
  if (a.trace) out.push(`- [${m.trace}](${a.trace})`);
  return `${out.join('\n')}\n`;
}

/** fence makes a code block that its own text cannot end. */
export function fence(text: string): string {
  return around(text, 3, '\n');
}

function code(text: string): string {
  const one = text.replace(/\s+/g, ' ');
  return around(one, 1, /^`|`$/.test(one) ? ' ' : '');
}

function around(text: string, least: number, pad: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map((m) => m[0].length));
  const marks = '`'.repeat(Math.max(least, longest + 1));
  return `${marks}${pad}${text}${pad}${marks}`;
}
