import { useHotkeys } from '@mantine/hooks';
import { useState } from 'react';

/** j and k move through rows, Enter opens the current one. Returns the current row, -1 before any key. */
export function useRows(
  count: number,
  open: (index: number) => void,
  onMove?: (index: number) => void,
): [number, (i: number) => void] {
  const [at, setAt] = useState(-1);
  const go = (i: number) => {
    if (count === 0) return;
    const next = Math.max(0, Math.min(count - 1, i));
    setAt(next);
    onMove?.(next);
  };
  useHotkeys([
    ['j', () => go(at + 1)],
    ['k', () => go(at - 1)],
    [
      'Enter',
      (e) => {
        // A focused link or button has its own Enter.
        const el = e.target as HTMLElement | null;
        if (el?.closest('a,button,input,textarea,select,[role="menuitem"]')) return;
        if (at >= 0 && at < count) open(at);
      },
      { preventDefault: false },
    ],
  ]);
  return [Math.min(at, count - 1), setAt];
}
