// Links to the pages of entities: every name of one anywhere leads to its page, and takes
// the time range, what it is compared with and the environment along.
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { carried, type Search, useUrl } from '~/url';

interface Props {
  children?: ReactNode;
  className?: string | undefined;
  title?: string | undefined;
  /** env is the environment of the entity; without it, that of the page. */
  env?: string | undefined;
  search?: Search;
}

export function ServiceLink({ service, children, env, search, ...rest }: Props & { service: string }) {
  const { search: here } = useUrl();
  return (
    <Link
      to="/services/$service"
      params={{ service }}
      search={{ ...carried(here), ...(env ? { env } : {}), ...search }}
      {...rest}
    >
      {children ?? service}
    </Link>
  );
}

export function EndpointLink({
  service,
  endpoint,
  children,
  env,
  search,
  ...rest
}: Props & { service: string; endpoint: string }) {
  const { search: here } = useUrl();
  return (
    <Link
      to="/services/$service/endpoint"
      params={{ service }}
      search={{ ...carried(here), ...(env ? { env } : {}), ...search, endpoint }}
      {...rest}
    >
      {children ?? endpoint}
    </Link>
  );
}
