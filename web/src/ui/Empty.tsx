import type { ReactNode } from 'react';
import classes from './states.module.css';

/** What will stand here, and how to make it so. */
export function Empty({ title, text, children }: { title: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <div className={classes.empty} role="status">
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children}
    </div>
  );
}
