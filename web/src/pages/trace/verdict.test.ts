import { describe, expect, it } from 'vitest';
import { groups, parts, slack, type Verdict } from './verdict';

const verdict = {
  summary: 'POST /checkout failed with 504 after 30.1 s: inventory waited 29.8 s for a lock on `stock`.',
  sentences: [
    { topic: 'summary', text: 'POST /checkout failed …', evidence: [] },
    { topic: 'cause', text: 'checkout gave up after 30 s <now>.', evidence: [] },
    { topic: 'cause', text: 'It holds `a & b`.', evidence: [] },
    { topic: 'usual', text: 'Usually it takes 80 ms.', evidence: [] },
  ],
  next: [{ kind: 'owner', text: 'Talk to Warehouse', link: '/services/inventory' }],
} as unknown as Verdict;

describe('parts', () => {
  it('tells code from words', () => {
    expect(parts('waits for `stock` here')).toEqual([
      { code: false, text: 'waits for ' },
      { code: true, text: 'stock' },
      { code: false, text: ' here' },
    ]);
  });
  it('takes an odd backquote for a letter', () => {
    expect(parts('a ` b')).toEqual([{ code: false, text: 'a ` b' }]);
  });
});

describe('groups', () => {
  it('puts sentences under their topics, without the summary', () => {
    expect(groups(verdict).map((g) => [g.topic, g.sentences.length])).toEqual([
      ['cause', 2],
      ['usual', 1],
    ]);
  });
});

describe('slack', () => {
  it('is Markdown that says no more than was said', () => {
    expect(slack(verdict, { cause: 'Cause', usual: 'Usually' }, 'Next', 'https://y.example/traces/1')).toBe(
      [
        '*POST /checkout failed with 504 after 30.1 s: inventory waited 29.8 s for a lock on `stock`.*',
        '*Cause*',
        '• checkout gave up after 30 s &lt;now&gt;.',
        '• It holds `a &amp; b`.',
        '*Usually*',
        '• Usually it takes 80 ms.',
        '*Next*',
        '• <https://y.example/services/inventory|Talk to Warehouse>',
        'https://y.example/traces/1',
      ].join('\n'),
    );
  });
});
