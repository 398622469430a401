import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { useT } from '~/i18n';
import { Icon, type IconName } from './Icon';

interface Props {
  value: string | (() => string);
  label?: string;
  size?: string;
  /** text: a button with words instead of an icon. */
  text?: boolean;
  icon?: IconName;
}

/** Copies a text; the icon and the tooltip say that it was done. */
export function CopyButton({ value, label, size = 'sm', text, icon = 'copy' }: Props) {
  const t = useT();
  const clipboard = useClipboard({ timeout: 1500 });
  const copy = () => clipboard.copy(typeof value === 'string' ? value : value());
  const name = clipboard.copied
    ? t.common.copied
    : clipboard.error
      ? t.common.copyFailed
      : (label ?? t.common.copy);
  if (text) {
    return (
      <Button
        variant="default"
        leftSection={<Icon name={clipboard.copied ? 'check' : icon} size={14} />}
        onClick={copy}
      >
        {name}
      </Button>
    );
  }
  return (
    <Tooltip label={name} {...(clipboard.copied || clipboard.error ? { opened: true } : {})}>
      <ActionIcon size={size} aria-label={name} onClick={copy}>
        <Icon name={clipboard.copied ? 'check' : icon} size={14} />
      </ActionIcon>
    </Tooltip>
  );
}
