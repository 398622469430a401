import { Menu } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { api, unwrap } from '~/api/client';
import { useT } from '~/i18n';
import { Icon } from '~/ui/Icon';
import { useSession } from './Session';
import classes from './shell.module.css';

export function UserMenu() {
  const t = useT();
  const session = useSession();
  const navigate = useNavigate();
  const client = useQueryClient();
  const signOut = useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/v1/session')),
    onSettled: async (out) => {
      // The identity provider has a session of its own to end.
      if (out?.logout_url) {
        window.location.assign(out.logout_url);
        return;
      }
      await navigate({ to: '/signin' });
      client.clear();
    },
  });
  // Without sign-in everybody is the server's one local user, whose name says nothing to them.
  const user = session.auth === 'none' ? undefined : session.user;
  const name = user?.name || user?.email || t.user.anonymous;
  return (
    <Menu position="right-end" width={230}>
      <Menu.Target>
        <button type="button" className={`plain ${classes.item}`} aria-label={name}>
          <Icon name="person" />
          <span className={`${classes.label} ellipsis`}>{name}</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user?.email || t.user.noAuth}</Menu.Label>
        <Menu.Item
          leftSection={<Icon name="person" />}
          onClick={() => void navigate({ to: '/settings/$tab', params: { tab: 'account' } })}
        >
          {t.settings.account}
        </Menu.Item>
        {session.auth !== 'none' && (
          <Menu.Item leftSection={<Icon name="signOut" />} onClick={() => signOut.mutate()}>
            {t.user.signOut}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
