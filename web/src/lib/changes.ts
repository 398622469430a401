// What differs between two states of a thing, key by key, as the audit shows it.

export interface Difference {
  key: string;
  before: unknown;
  after: unknown;
}

type State = Record<string, unknown>;

const isState = (v: unknown): v is State => v !== null && typeof v === 'object' && !Array.isArray(v);

/** differences lists the keys whose values differ, in the order of the later state. A state
 * that is not there has no keys. Values within objects are told by a path: address.city. */
export function differences(before: unknown, after: unknown, path = ''): Difference[] {
  const b: State = isState(before) ? before : {};
  const a: State = isState(after) ? after : {};
  const out: Difference[] = [];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const at = path ? `${path}.${key}` : key;
    const [was, is] = [b[key], a[key]];
    if (isState(was) || isState(is)) out.push(...differences(was, is, at));
    else if (JSON.stringify(was) !== JSON.stringify(is)) out.push({ key: at, before: was, after: is });
  }
  return out;
}
