// One's own earlier questions, to ask again.
import { Button, Menu } from '@mantine/core';
import { useTexts } from '~/i18n';
import { Ago } from './Ago';
import { Icon } from './Icon';
import type { Asked } from './useHistory';
import classes from './views.module.css';

interface Props {
  items: Asked[];
  onChoose: (text: string) => void;
  onClear: () => void;
}

export function HistoryMenu({ items, onChoose, onClear }: Props) {
  const t = useTexts(texts);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" rightSection={<Icon name="expand" size={12} />}>
          {t.history}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={classes.menu ?? ''} maw="min(520px, 94vw)">
        <Menu.Label>{t.label}</Menu.Label>
        {items.length === 0 && <div className={classes.none}>{t.none}</div>}
        {items.map((a) => (
          <Menu.Item key={a.text} onClick={() => onChoose(a.text)} title={a.text}>
            <div className="mono ellipsis">{a.text.replace(/\s+/g, ' ')}</div>
            <div className="dim">
              <Ago time={new Date(a.at).toISOString()} />
            </div>
          </Menu.Item>
        ))}
        {items.length > 0 && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={onClear}>{t.clear}</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

const texts = {
  en: {
    history: 'History',
    label: 'What you asked before, in this browser',
    none: 'Nothing yet.',
    clear: 'Clear the history',
  },
  ja: {
    history: '履歴',
    label: 'このブラウザーで実行した履歴',
    none: '履歴はまだありません。',
    clear: '履歴を消去',
  },
};
