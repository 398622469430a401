/** firstSentence splits a text after its first full stop, in either language. */
export function firstSentence(text: string): [first: string, rest: string] {
  const m = /^.*?(?:。|\.(?=\s|$))/s.exec(text);
  return m ? [m[0], text.slice(m[0].length).trim()] : [text, ''];
}
