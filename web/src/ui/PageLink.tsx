import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { carried, type Search, useUrl } from '~/url';

/** The pages that stand in the navigation. */
export type Page =
  | '/services'
  | '/map'
  | '/databases'
  | '/releases'
  | '/logs'
  | '/traces'
  | '/metrics'
  | '/errors'
  | '/sql'
  | '/status';

interface Props {
  to: Page;
  search?: Search;
  children: ReactNode;
  className?: string | undefined;
  title?: string;
  'aria-label'?: string;
}

/** A link to a page that takes the time range and the environment along. */
export function PageLink({ to, search, children, ...rest }: Props) {
  const { search: here } = useUrl();
  return (
    <Link to={to} search={{ ...carried(here), ...search }} {...rest}>
      {children}
    </Link>
  );
}

export function TraceLink({
  id,
  span,
  children,
  className,
  title,
}: {
  id: string;
  span?: string | undefined;
  children: ReactNode;
  className?: string;
  title?: string;
}) {
  const { search: here } = useUrl();
  return (
    <Link
      to="/traces/$traceId"
      params={{ traceId: id }}
      search={{ ...carried(here), ...(span ? { span } : {}) }}
      {...(className ? { className } : {})}
      {...(title ? { title } : {})}
    >
      {children}
    </Link>
  );
}
