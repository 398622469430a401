import { describe, expect, it } from 'vitest';
import type { Place } from './code.queries';
import { texts } from './code.texts';
import { type About, fence, issueBody, issueTitle } from './issue';

const about: About = {
  service: 'payment',
  envs: ['production', ''],
  type: 'shop.CardError',
  message: 'card `4` of @everyone refused\nsecond line',
  stack: 'shop.pay()\n\t/src/pay.go:3',
  count: 1234,
  users: 0,
  fromMs: Date.parse('2026-11-22T00:00:00Z'),
  toMs: Date.parse('2026-11-22T01:00:00Z'),
  first: '2026-11-21T00:00:00Z',
  versions: [
    { value: '1.4.2', count: 1200 },
    { value: '', count: 34 },
  ],
  endpoints: [],
  group: 'https://yagura.example.com/errors/payment/abc',
  trace: undefined,
};
const place: Place = {
  repository: 'shop',
  folder: '',
  commit: '0123456789abcdef0123456789abcdef01234567',
  commit_why: '',
  exact: false,
  candidates: [
    {
      path: 'src/pay.go',
      line: 10,
      trust: 'sure',
      reason: '',
      from: 9,
      lines: ['func pay() {', '\tpanic("```")'],
      owners: [],
      link: '',
    },
  ],
  left: 0,
  files: 1,
  skipped: 0,
};

describe('an issue', () => {
  it('has a title of one line that the server takes', () => {
    expect(issueTitle(about)).toBe('shop.CardError: card `4` of @everyone refused');
    expect(issueTitle({ ...about, message: 'x'.repeat(400) })).toHaveLength(256);
    expect(issueTitle({ ...about, type: '', message: '' })).toBe('payment');
  });
  it('says what is known, and leaves out what is not', () => {
    const md = issueBody(about, undefined, texts.en, 'en');
    expect(md).toContain('- **Occurrences**: 1,234 (');
    expect(md).toContain('- **Versions**: `1.4.2` (1,200), no version (34)');
    expect(md).toContain('- **Environment**: `production`\n');
    expect(md).not.toMatch(/Users hit|Endpoints|Last seen|### Source|Trace of/);
  });
  it('is in the reader’s language', () => {
    expect(issueBody(about, place, texts.ja, 'ja')).toMatch(
      /## 概要[\s\S]*### メッセージ[\s\S]*### ソースコード[\s\S]*行がずれている可能性/,
    );
  });
  it('keeps what programs wrote in code blocks', () => {
    const md = issueBody(about, place, texts.en, 'en');
    expect(md).toContain('```\ncard `4` of @everyone refused\nsecond line\n```');
    expect(md).toContain('````\n   9  func pay() {\n> 10  \tpanic("```")\n````');
    expect(fence('````')).toBe('`````\n````\n`````');
  });
  it('stays within what GitHub takes', () => {
    const long = { ...about, message: 'm'.repeat(50_000), stack: 's'.repeat(90_000) };
    const md = issueBody(long, place, texts.en, 'en');
    expect(md.length).toBeLessThan(60_000);
    expect(md).toContain('(the rest is in Yagura)');
  });
});
