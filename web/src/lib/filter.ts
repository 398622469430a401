// Editing the text of a filter without understanding all of it: the server parses, the
// page only needs to know where terms begin and end, so that a click can add or take away
// one and the cursor can be offered a completion.

export interface Term {
  start: number;
  end: number;
  text: string;
  negated: boolean;
  key?: string;
  op?: string;
  /** value without its quotes. */
  value?: string;
}

const opAt = /^(>=|<=|:|>|<)/;

/** terms splits at spaces and parentheses outside quotes; OR, NOT and parentheses are left out. */
export function terms(text: string): Term[] {
  const out: Term[] = [];
  let i = 0;
  while (i < text.length) {
    const c = text[i]!;
    if (/\s/.test(c) || c === '(' || c === ')') {
      i++;
      continue;
    }
    const start = i;
    let quoted = false;
    while (i < text.length) {
      const ch = text[i]!;
      if (quoted && ch === '\\') i++;
      else if (ch === '"') quoted = !quoted;
      else if (!quoted && (/\s/.test(ch) || ch === '(' || ch === ')')) break;
      i++;
    }
    i = Math.min(i, text.length);
    const word = text.slice(start, i);
    if (word === 'OR' || word === 'AND' || word === 'NOT' || word === '-') continue;
    out.push(term(word, start));
  }
  return out;
}

function term(text: string, start: number): Term {
  const negated = text.length > 1 && text.startsWith('-');
  const body = negated ? text.slice(1) : text;
  const t: Term = { start, end: start + text.length, text, negated };
  const k = splitKey(body);
  if (k) {
    t.key = k.key;
    t.op = k.op;
    t.value = unquote(k.rest);
  } else {
    t.value = unquote(body);
  }
  return t;
}

function splitKey(body: string): { key: string; op: string; rest: string } | undefined {
  for (let i = 0; i < body.length; i++) {
    if (body[i] === '"') return undefined;
    const op = opAt.exec(body.slice(i))?.[0];
    if (op && i > 0) return { key: body.slice(0, i), op, rest: body.slice(i + op.length) };
  }
  return undefined;
}

/** unquote takes the quotes off, also of a text whose closing quote is still missing. */
export function unquote(s: string): string {
  if (!s.startsWith('"')) return s;
  const inner = s.length > 1 && s.endsWith('"') && !s.endsWith('\\"') ? s.slice(1, -1) : s.slice(1);
  return inner.replace(/\\(["\\])/g, '$1');
}

/** quote writes a value so that it is taken literally. */
export function quote(value: string): string {
  if (value !== '' && /^[^\s"()*\\<>:=-][^\s"()*\\]*$/.test(value) && !/^(OR|AND|NOT)$/.test(value))
    return value;
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

export function compare(key: string, value: string, negated = false): string {
  return `${negated ? '-' : ''}${key}:${quote(value)}`;
}

/** find looks for the term key:value among those at the top level. */
export function find(text: string, key: string, value: string): Term | undefined {
  return terms(text).find((t) => t.key === key && t.op === ':' && t.value === value);
}

/** add puts a term at the end. The same term is not added twice; its opposite gives way. */
export function add(text: string, key: string, value: string, negated = false): string {
  const there = find(text, key, value);
  if (there && there.negated === negated) return text;
  return narrowed(there ? remove(text, there) : text, compare(key, value, negated));
}

function narrowed(text: string, by: string): string {
  const base = text.trim();
  if (base === '' || base === '*' || by === '') return base === '*' || base === '' ? by : base;
  // An OR binds weaker than terms side by side: without parentheses the new term would
  // only narrow the last alternative.
  return `${hasTopLevelOr(base) ? `(${base})` : base} ${by}`;
}

/** withDuration asks for durations from lower up to, not including, upper, in nanoseconds;
 * bounds that the text had before give way, unless they stand within alternatives. */
export function withDuration(text: string, lower: number, upper: number): string {
  let base = text;
  const bound = (t: Term) => t.key === 'duration' && !t.negated && /^[<>]/.test(t.op ?? '');
  if (!/[()]/.test(base) && !hasTopLevelOr(base))
    for (let t = terms(base).find(bound); t; t = terms(base).find(bound)) base = remove(base, t);
  const by = [
    lower > 0 ? `duration>=${durationText(lower)}` : '',
    Number.isFinite(upper) ? `duration<${durationText(upper)}` : '',
  ];
  return narrowed(base, by.filter(Boolean).join(' '));
}

/** durationText writes nanoseconds as a filter reads them, without loss. */
export function durationText(ns: number): string {
  const units: [number, string][] = [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'us'],
  ];
  const [unit, suffix] = units.find(([u]) => ns >= u) ?? [1, 'ns'];
  // Digits, not division: 0.1 + 0.2 has no place in a bound.
  const whole = Math.floor(ns / unit);
  const rest = String(Math.round(ns - whole * unit))
    .padStart(Math.round(Math.log10(unit)), '0')
    .replace(/0+$/, '');
  return `${whole}${unit > 1 && rest ? `.${rest}` : ''}${suffix}`;
}

/** remove cuts a term, and the OR that would be left dangling. */
export function remove(text: string, t: Term): string {
  let before = text.slice(0, t.start).trimEnd();
  let after = text.slice(t.end).trimStart();
  if (/(^|[\s(])OR$/.test(before)) before = before.slice(0, -2).trimEnd();
  else if (/^OR(\s|$)/.test(after)) after = after.slice(2).trimStart();
  if (/(^|[\s(])NOT$/.test(before)) before = before.slice(0, -3).trimEnd();
  // Parentheses that hold nothing any more go, with a NOT or a minus before them.
  while (before.endsWith('(') && after.startsWith(')')) {
    before = before
      .slice(0, -1)
      .replace(/(^|[\s(])(NOT\s*|-)$/, '$1')
      .trimEnd();
    after = after.slice(1).trimStart();
  }
  const gap = before === '' || after === '' || before.endsWith('(') || after.startsWith(')') ? '' : ' ';
  return before + gap + after;
}

/** toggle adds the term, or takes it away when it is there already. */
export function toggle(text: string, key: string, value: string, negated = false): string {
  const there = find(text, key, value);
  if (there && there.negated === negated) return remove(text, there);
  return add(text, key, value, negated);
}

export function hasTopLevelOr(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (depth === 0 && /^\sOR\s/.test(text.slice(i, i + 4))) return true;
  }
  return false;
}

export type Place =
  | { kind: 'key'; prefix: string; start: number; end: number }
  | { kind: 'value'; key: string; prefix: string; start: number; end: number };

/** placeAt says what the cursor stands in, and what a completion would replace. */
export function placeAt(text: string, cursor: number): Place {
  const t = terms(text).find((x) => x.start <= cursor && cursor <= x.end);
  if (!t) return { kind: 'key', prefix: '', start: cursor, end: cursor };
  const sign = t.negated ? 1 : 0;
  const body = t.text.slice(sign);
  const k = splitKey(body);
  const valueStart = k ? t.start + sign + k.key.length + k.op.length : -1;
  if (k && cursor >= valueStart) {
    return {
      kind: 'value',
      key: k.key,
      prefix: unquote(text.slice(valueStart, cursor)),
      start: valueStart,
      end: t.end,
    };
  }
  const end = k ? valueStart : t.end;
  return {
    kind: 'key',
    prefix: text.slice(t.start + sign, Math.min(cursor, end)),
    start: t.start + sign,
    end,
  };
}

/** complete replaces a place and says where the cursor goes. */
export function complete(text: string, at: Place, choice: string): { text: string; cursor: number } {
  const put = at.kind === 'key' ? `${choice}:` : `${quote(choice)} `;
  const after = at.kind === 'value' ? text.slice(at.end).replace(/^ /, '') : text.slice(at.end);
  return { text: text.slice(0, at.start) + put + after, cursor: at.start + put.length };
}

/** indexOfByte turns a position in UTF-8 bytes, as the server counts, into one of this text. */
export function indexOfByte(text: string, byte: number): number {
  let seen = 0;
  let i = 0;
  for (const ch of text) {
    if (seen >= byte) return i;
    const cp = ch.codePointAt(0)!;
    seen += cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    i += ch.length;
  }
  return i;
}

/** words are the free texts of a filter, for marking them in a row. */
export function words(text: string): string[] {
  return terms(text)
    .filter((t) => !t.key && !t.negated && t.value && t.value !== '*')
    .flatMap((t) => (t.text.startsWith('"') ? [t.value!] : t.value!.split('*')))
    .filter((w) => w !== '');
}
