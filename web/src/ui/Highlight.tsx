import { memo } from 'react';
import { highlight } from '~/lib/highlight';

export const Highlight = memo(function Highlight({
  text,
  words,
}: {
  text: string;
  words: readonly string[];
}) {
  if (words.length === 0) return text;
  return highlight(text, words).map((p, i) => (p.hit ? <mark key={i}>{p.text}</mark> : p.text));
});
