import type { ReactNode } from 'react';
import classes from './status.module.css';

/** A table that is wider than the page scrolls by itself. */
export function Scroll({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys too
    <div className={classes.scroll} tabIndex={0}>
      {children}
    </div>
  );
}
