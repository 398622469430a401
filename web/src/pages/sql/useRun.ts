// One statement at a time: begun, watched, cancelled. The server ends what its asker no longer
// waits for.
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, unwrap } from '~/api/client';
import type { components } from '~/api/schema';

export type Answer = components['schemas']['TableBody'];
export type Progress = components['schemas']['SQLRunRecord'];

export interface Statement {
  query: string;
  from: string;
  to: string;
  limit: number;
}

interface State {
  /** asked is the statement that runs, or whose answer or error this is. */
  asked?: Statement;
  run?: string;
  began?: number;
  answer?: Answer;
  error?: unknown;
  cancelled?: boolean;
}

export function useRun() {
  const [state, set] = useState<State>({});
  const abort = useRef<AbortController | null>(null);
  const start = useCallback((asked: Statement) => {
    abort.current?.abort();
    const mine = new AbortController();
    abort.current = mine;
    const run = [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join('-');
    set((s) => ({ ...(s.answer ? { answer: s.answer } : {}), asked, run, began: Date.now() }));
    unwrap(api.POST('/api/v1/sql', { body: { ...asked, run }, signal: mine.signal })).then(
      (answer) => abort.current === mine && set({ asked, answer }),
      (error) => {
        if (abort.current !== mine) return;
        const cancelled = mine.signal.aborted;
        set((s) => ({
          asked,
          ...(cancelled ? { cancelled, ...(s.answer ? { answer: s.answer } : {}) } : { error }),
        }));
      },
    );
  }, []);
  const cancel = useCallback(() => abort.current?.abort(), []);
  useEffect(
    () => () => {
      const left = abort.current;
      abort.current = null;
      left?.abort();
    },
    [],
  );
  const progress = useQuery({
    queryKey: ['sqlRun', state.run],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/sql/runs/{run}', { params: { path: { run: state.run ?? '' } }, signal })),
    enabled: state.run !== undefined,
    refetchInterval: 500,
    gcTime: 0,
    retry: false,
  });
  return {
    ...state,
    running: state.run !== undefined,
    progress: state.run ? progress.data : undefined,
    start,
    cancel,
  };
}
