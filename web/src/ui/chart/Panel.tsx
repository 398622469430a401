// A titled part of a page that waits for one answer: it takes its room from the start, says
// what went wrong, and dims what is old.
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ErrorState } from '~/ui/ErrorState';
import { SkeletonRows } from '~/ui/SkeletonRows';
import classes from './chart.module.css';

interface Props<T> {
  title: ReactNode;
  aside?: ReactNode;
  query: UseQueryResult<T>;
  /** height that the content will have, in pixels. */
  height: number;
  children: (data: T) => ReactNode;
}

export function Panel<T>({ title, aside, query: q, height, children }: Props<T>) {
  return (
    <section className={classes.panel}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      <div style={{ minHeight: height }} className={q.isPlaceholderData ? 'stale' : undefined}>
        {q.data !== undefined ? (
          children(q.data)
        ) : q.error ? (
          <ErrorState error={q.error} retry={() => void q.refetch()} />
        ) : (
          <SkeletonRows rows={Math.max(2, Math.floor(height / 36))} height={20} />
        )}
      </div>
    </section>
  );
}
