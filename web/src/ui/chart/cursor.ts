// The time under the pointer, shared by all charts of a page: one line down through all of
// them. Not React's state: it changes with every move of the pointer.

type Listener = (ms: number | null, source: object) => void;

const listeners = new Set<Listener>();

/** point says where the pointer is (null: nowhere); source is who says so. */
export function point(ms: number | null, source: object): void {
  for (const l of listeners) l(ms, source);
}

export function onPoint(l: Listener): () => void {
  listeners.add(l);
  return () => {
    listeners.delete(l);
  };
}
