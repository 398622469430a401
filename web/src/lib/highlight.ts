// Marks the words of a filter in a text, found as the server finds them: after NFKC and
// case folding, anywhere.

export interface Piece {
  text: string;
  hit: boolean;
}

const ascii = /^[\t\n\r\x20-\x7e]*$/;

/** fold folds a text and says for each folded unit where in the text it came from. */
function fold(text: string): { folded: string; from: number[] } {
  if (ascii.test(text))
    return { folded: text.toLowerCase(), from: Array.from({ length: text.length + 1 }, (_, i) => i) };
  let folded = '';
  const from: number[] = [];
  for (let i = 0; i < text.length; ) {
    let end = i + (text.codePointAt(i)! > 0xffff ? 2 : 1);
    // A mark belongs to the letter before it: half-width ｶﾞ is one ガ.
    while (end < text.length && /\p{M}|[\uff9e\uff9f]/u.test(text[end]!)) end++;
    const f = text.slice(i, end).normalize('NFKC').toLowerCase();
    for (let k = 0; k < f.length; k++) from.push(i);
    folded += f;
    i = end;
  }
  from.push(text.length);
  return { folded, from };
}

/** highlight cuts a text into pieces that are hits and pieces that are not. */
export function highlight(text: string, words: readonly string[]): Piece[] {
  const wanted = words.map((w) => w.normalize('NFKC').toLowerCase()).filter((w) => w !== '');
  if (wanted.length === 0 || text === '') return [{ text, hit: false }];
  const { folded, from } = fold(text);
  const spans: [number, number][] = [];
  for (const w of wanted) {
    for (let at = folded.indexOf(w); at >= 0; at = folded.indexOf(w, at + w.length)) {
      let end = at + w.length;
      // A letter that folds to several units is marked whole.
      while (end < folded.length && from[end] === from[end - 1]) end++;
      spans.push([from[at]!, from[end]!]);
    }
  }
  if (spans.length === 0) return [{ text, hit: false }];
  spans.sort((a, b) => a[0] - b[0]);
  const out: Piece[] = [];
  let pos = 0;
  for (const [a, b] of spans) {
    if (b <= pos) continue;
    const start = Math.max(a, pos);
    if (start > pos) out.push({ text: text.slice(pos, start), hit: false });
    const last = out[out.length - 1];
    if (last?.hit && start === pos) last.text += text.slice(start, b);
    else out.push({ text: text.slice(start, b), hit: true });
    pos = b;
  }
  if (pos < text.length) out.push({ text: text.slice(pos), hit: false });
  return out;
}
