import { ActionIcon, type ActionIconProps, Tooltip } from '@mantine/core';
import type { MouseEvent } from 'react';
import { Icon, type IconName } from './Icon';

interface Props extends Omit<ActionIconProps, 'children'> {
  icon: IconName;
  /** label is read by screen readers and shown on hover. */
  label: string;
  onClick?: (e: MouseEvent<HTMLButtonElement>) => void;
  pressed?: boolean;
  disabled?: boolean;
}

export function IconButton({ icon, label, onClick, pressed, ...rest }: Props) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        aria-label={label}
        {...(pressed === undefined
          ? {}
          : {
              'aria-pressed': pressed,
              variant: pressed ? 'light' : 'subtle',
              color: pressed ? 'ai' : 'gray',
            })}
        {...rest}
        {...(onClick ? { onClick } : {})}
      >
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  );
}
