import { Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { statusQuery } from '~/api/queries';
import { useT } from '~/i18n';
import { Icon, type IconName } from '~/ui/Icon';
import type { Page } from '~/ui/PageLink';
import { carried, useUrl } from '~/url';
import classes from './shell.module.css';
import { UserMenu } from './UserMenu';

export function Nav() {
  const t = useT();
  const { search } = useUrl();
  const keep = carried(search);
  const status = useQuery({ ...statusQuery, refetchInterval: 30_000 });
  const troubled = status.data ? !status.data.healthy : false;
  return (
    <nav className={classes.nav} aria-label={t.nav.main}>
      <Link to="/services" search={keep} className={classes.brand ?? ''} aria-label="Yagura">
        <img src="/favicon.svg" alt="" width={22} height={22} />
        <span className={classes.label}>Yagura</span>
      </Link>
      <Item to="/services" icon="services" label={t.nav.services} search={keep} />
      <Item to="/map" icon="map" label={t.nav.map} search={keep} />
      <Item to="/databases" icon="database" label={t.nav.databases} search={keep} />
      <Item to="/releases" icon="release" label={t.nav.releases} search={keep} />
      <div className={classes.group}>{t.nav.explore}</div>
      <Item to="/logs" icon="logs" label={t.nav.logs} search={keep} />
      <Item to="/traces" icon="traces" label={t.nav.traces} search={keep} />
      <Item to="/metrics" icon="metrics" label={t.nav.metrics} search={keep} />
      <Item to="/errors" icon="error" label={t.nav.errors} search={keep} />
      <Item to="/sql" icon="code" label={t.nav.sql} search={keep} />
      <div className={classes.grow} />
      <Item
        to="/status"
        icon="status"
        label={t.nav.status}
        search={keep}
        {...(troubled ? { trouble: t.nav.trouble } : {})}
      />
      <Item to="/settings" icon="settings" label={t.nav.settings} search={keep} />
      <UserMenu />
    </nav>
  );
}

interface ItemProps {
  to: Page | '/settings';
  icon: IconName;
  label: string;
  search: ReturnType<typeof carried>;
  trouble?: string;
}

function Item({ to, icon, label, search, trouble }: ItemProps) {
  const narrow = useMediaQuery('(max-width: 1100px)');
  return (
    <Tooltip
      label={trouble ? `${label}: ${trouble}` : label}
      position="right"
      disabled={!narrow}
      openDelay={100}
    >
      <Link
        to={to}
        search={search}
        className={classes.item ?? ''}
        activeOptions={{ includeSearch: false }}
        activeProps={{ 'aria-current': 'page' }}
      >
        <Icon name={icon} />
        <span className={classes.label}>{label}</span>
        {trouble && (
          <span className={classes.trouble} title={trouble}>
            <Icon name="warning" size={14} />
            <span className="visually-hidden">{trouble}</span>
          </span>
        )}
      </Link>
    </Tooltip>
  );
}
