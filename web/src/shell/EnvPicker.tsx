import { Button, Menu } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { environmentsQuery } from '~/api/queries';
import { useT } from '~/i18n';
import { Icon } from '~/ui/Icon';
import { useRange } from './RangeContext';

export function EnvPicker() {
  const t = useT();
  const { scope, setEnv } = useRange();
  const [opened, setOpened] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  useHotkeys([
    [
      'e',
      () => {
        // The menu gives the focus back to what had it when it opened.
        button.current?.focus();
        setOpened(true);
      },
    ],
  ]);
  // The choice should not shrink with a narrow range, so a whole day is looked at; the
  // hour is the key, not the second, or each refresh would ask again.
  const hour = Math.ceil(Date.parse(scope.to) / 3600e3) * 3600e3;
  const { data } = useQuery(
    environmentsQuery(
      new Date(Math.min(Date.parse(scope.from), hour - 86400e3)).toISOString().slice(0, 13).concat(':00:00Z'),
      new Date(hour).toISOString(),
    ),
  );
  const known = (data?.items ?? []).filter((e) => e !== '');
  const items = scope.env && !known.includes(scope.env) ? [...known, scope.env] : known;
  return (
    // The key that opens the menu is no click outside of it: keydown is left out.
    <Menu
      opened={opened}
      onChange={setOpened}
      position="bottom-start"
      clickOutsideEvents={['mousedown', 'touchstart']}
    >
      <Menu.Target>
        <Button
          ref={button}
          variant="default"
          rightSection={<Icon name="down" size={12} />}
          aria-label={`${t.top.env}: ${scope.env || t.top.allEnvs}`}
          maw={180}
          style={{ flexShrink: 0 }}
        >
          <span className="ellipsis">{scope.env || t.top.allEnvs}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t.top.env}</Menu.Label>
        {['', ...items].map((e) => (
          <Menu.Item
            key={e}
            aria-current={scope.env === e}
            rightSection={scope.env === e && <Icon name="check" size={14} />}
            onClick={() => setEnv(e)}
          >
            {e || t.top.allEnvs}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
