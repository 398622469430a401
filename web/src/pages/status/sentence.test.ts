import { expect, test } from 'vitest';
import { firstSentence } from './sentence';

test('a text is split after its first sentence, in either language', () => {
  expect(firstSentence('The body is 4.5 MB. Lower it.')).toEqual(['The body is 4.5 MB.', 'Lower it.']);
  expect(firstSentence('大きすぎます。limits.request_bytes を下げてください。')).toEqual([
    '大きすぎます。',
    'limits.request_bytes を下げてください。',
  ]);
  expect(firstSentence('overloaded')).toEqual(['overloaded', '']);
});
