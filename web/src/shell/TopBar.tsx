import { ActionIcon, Button, Menu, useMantineColorScheme } from '@mantine/core';
import { useI18n } from '~/i18n';
import { Icon } from '~/ui/Icon';
import { IconButton } from '~/ui/IconButton';
import { EnvPicker } from './EnvPicker';
import { useRange } from './RangeContext';
import classes from './shell.module.css';
import { TimeRangePicker } from './TimeRangePicker';
import { useLanguage } from './useLanguage';

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

export function TopBar({ onSearch, onHelp }: { onSearch: () => void; onHelp: () => void }) {
  const { t } = useI18n();
  return (
    <header className={classes.top}>
      <EnvPicker />
      <button type="button" className={classes.search} onClick={onSearch}>
        <Icon name="search" size={14} />
        <span className="ellipsis">{t.top.search}</span>
        <kbd className={classes.kbd}>{isMac ? '⌘K' : 'Ctrl K'}</kbd>
      </button>
      <span className={classes.spacer} />
      <TimeRangePicker />
      <LiveSwitch />
      <LanguageMenu />
      <SchemeMenu />
      <IconButton icon="help" label={t.top.help} onClick={onHelp} />
    </header>
  );
}

function LiveSwitch() {
  const { t } = useI18n();
  const { live, relative, setLive, refresh } = useRange();
  if (!relative) return <IconButton icon="refresh" label={t.top.refresh} onClick={refresh} />;
  return (
    <Button
      variant="subtle"
      color="gray"
      className={classes.live ?? ''}
      data-live={live}
      aria-pressed={live}
      title={live ? t.top.liveHint : t.top.pausedHint}
      leftSection={live ? <span className={classes.dot} /> : <Icon name="pause" size={14} />}
      onClick={() => setLive(!live)}
      px={8}
    >
      {live ? t.top.live : t.top.paused}
    </Button>
  );
}

function LanguageMenu() {
  const { t, lang } = useI18n();
  const choose = useLanguage();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="subtle" color="gray" px={6} title={t.top.language}>
          {lang === 'ja' ? '日本語' : 'EN'}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          lang="ja"
          aria-current={lang === 'ja'}
          onClick={() => choose('ja')}
          rightSection={lang === 'ja' && <Icon name="check" size={14} />}
        >
          日本語
        </Menu.Item>
        <Menu.Item
          lang="en"
          aria-current={lang === 'en'}
          onClick={() => choose('en')}
          rightSection={lang === 'en' && <Icon name="check" size={14} />}
        >
          English
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function SchemeMenu() {
  const { t } = useI18n();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const icons = { light: 'sun', dark: 'moon', auto: 'auto' } as const;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label={t.top.scheme} title={t.top.scheme}>
          <Icon name={icons[colorScheme]} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(['light', 'dark', 'auto'] as const).map((s) => (
          <Menu.Item
            key={s}
            leftSection={<Icon name={icons[s]} />}
            rightSection={colorScheme === s && <Icon name="check" size={14} />}
            onClick={() => setColorScheme(s)}
          >
            {t.top.schemes[s]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
