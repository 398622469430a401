/** prettyJson indents a text that is a JSON object or array; undefined when it is none. */
export function prettyJson(text: string): string | undefined {
  const s = text.trim();
  if (s.length < 2 || s.length > 200_000 || !/^[[{]/.test(s) || !/[\]}]$/.test(s)) return undefined;
  try {
    const v: unknown = JSON.parse(s);
    if (typeof v !== 'object' || v === null || Object.keys(v).length === 0) return undefined;
    // A parser rounds long numbers; then the text as it was sent is the truth.
    if (/\d{16,}/.test(s.replace(/"(?:[^"\\]|\\.)*"/g, ''))) return undefined;
    return JSON.stringify(v, null, 2);
  } catch {
    return undefined;
  }
}
