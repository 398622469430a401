// Live tail: new rows as the server takes them in, over server-sent events. While the
// list is not at its top the rows wait, so that what is being read does not move.
import { useEffect, useRef, useState } from 'react';
import type { Log } from '~/api/types';

/** As many rows as are kept; the oldest go first. */
const KEEP = 5000;
const FLUSH_MS = 100;
const RETRY_MS = 3000;

export interface Tail {
  rows: Log[];
  waiting: number;
  dropped: number;
  state: 'off' | 'connecting' | 'open' | 'lost';
}

const off: Tail = { rows: [], waiting: 0, dropped: 0, state: 'off' };

export function useTail(on: boolean, filter: string, env: string, held: boolean): Tail {
  const [tail, setTail] = useState<Tail>(off);
  const [attempt, setAttempt] = useState(0);
  const hold = useRef(held);
  hold.current = held;

  useEffect(() => {
    if (!on) {
      setTail(off);
      return;
    }
    setTail((t) => ({ ...(attempt > 0 ? t : off), state: 'connecting' }));
    const params = new URLSearchParams();
    if (filter) params.set('filter', filter);
    if (env) params.set('env', env);
    const source = new EventSource(`/api/v1/logs/tail?${params}`);
    let buffer: Log[] = [];
    let dropped = 0;
    source.onopen = () => setTail((t) => ({ ...t, state: 'open' }));
    let again: ReturnType<typeof setTimeout> | undefined;
    source.onerror = () => {
      setTail((t) => ({ ...t, state: 'lost' }));
      // The browser connects again by itself, except after an answer that was no stream:
      // a server that is starting, or a proxy in between.
      if (source.readyState === EventSource.CLOSED)
        again = setTimeout(() => setAttempt((n) => n + 1), RETRY_MS);
    };
    source.addEventListener('log', (e) => {
      buffer.push(JSON.parse((e as MessageEvent<string>).data) as Log);
      if (buffer.length > KEEP) dropped += buffer.splice(0, buffer.length - KEEP).length;
    });
    source.addEventListener('dropped', (e) => {
      dropped += Number((JSON.parse((e as MessageEvent<string>).data) as { count: number }).count) || 0;
    });
    const flush = setInterval(() => {
      if (hold.current) {
        const n = buffer.length;
        setTail((t) => (t.waiting === n && t.dropped === dropped ? t : { ...t, waiting: n, dropped }));
        return;
      }
      if (buffer.length === 0) {
        setTail((t) => (t.waiting === 0 && t.dropped === dropped ? t : { ...t, waiting: 0, dropped }));
        return;
      }
      const fresh = buffer.reverse();
      buffer = [];
      setTail((t) => ({ ...t, rows: [...fresh, ...t.rows].slice(0, KEEP), waiting: 0, dropped }));
    }, FLUSH_MS);
    return () => {
      clearInterval(flush);
      clearTimeout(again);
      source.close();
    };
  }, [on, filter, env, attempt]);
  return tail;
}
