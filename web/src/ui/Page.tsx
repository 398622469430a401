import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import classes from './page.module.css';

/** A page: its name, what belongs beside it, and its content. */
export function Page({
  title,
  aside,
  children,
  fill = false,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  fill?: boolean;
}) {
  useDocumentTitle(`${title} · Yagura`);
  return (
    <div className={classes.page} data-fill={fill}>
      <div className={classes.head}>
        <h1>{title}</h1>
        {aside}
      </div>
      {children}
    </div>
  );
}
