// What one asked before, newest first, kept in this browser for each person apart.
import { useCallback, useState } from 'react';
import { useSession } from '~/shell/Session';

export interface Asked {
  text: string;
  /** at in milliseconds. */
  at: number;
}

const MOST = 50;
const LONGEST = 20_000;

export function useHistory(of: 'sql' | 'promql') {
  const key = `yagura.history.${of}.${useSession().user?.id ?? 'local'}`;
  const [items, set] = useState<Asked[]>(() => read(key));
  const keep = useCallback(
    (next: Asked[]) => {
      set(next);
      try {
        localStorage.setItem(key, JSON.stringify(next));
      } catch {
        // Storage is full or forbidden: then it lasts for this page.
      }
    },
    [key],
  );
  const add = useCallback(
    (text: string) => {
      const t = text.trim();
      if (t === '' || t.length > LONGEST) return;
      keep([{ text: t, at: Date.now() }, ...read(key).filter((a) => a.text !== t)].slice(0, MOST));
    },
    [keep, key],
  );
  const clear = useCallback(() => keep([]), [keep]);
  return { items, add, clear };
}

function read(key: string): Asked[] {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(all)
      ? all.filter((a): a is Asked => typeof a?.text === 'string' && typeof a?.at === 'number')
      : [];
  } catch {
    return [];
  }
}
