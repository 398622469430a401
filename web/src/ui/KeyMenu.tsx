// A choice of one of the keys that rows have, found by a part of its name.
import { Menu, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { filterKeysQuery, type RowSignal } from '~/api/queries';
import { useRange } from '~/shell/RangeContext';
import { Icon } from './Icon';

interface Props {
  signal: RowSignal;
  label: string;
  chosen: readonly string[];
  onChoose: (key: string) => void;
  /** many: the menu stays open for the next one. */
  many?: boolean;
  /** except are keys that make no sense here. */
  except?: readonly string[];
  children: ReactNode;
}

const SHOWN = 40;

export function KeyMenu({ signal, label, chosen, onChoose, many = false, except = [], children }: Props) {
  const { scope } = useRange();
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState('');
  const q = useQuery({ ...filterKeysQuery(signal, scope), enabled: opened });
  const match = text.trim().toLowerCase();
  const keys = (q.data?.items ?? []).filter(
    (k) =>
      !except.includes(k.key) &&
      (k.key.toLowerCase().includes(match) || (k.label ?? '').toLowerCase().includes(match)),
  );
  const listed = [
    ...chosen
      .filter((c) => c.toLowerCase().includes(match))
      .map((key) => ({ key, label: undefined as string | undefined })),
    ...keys.filter((k) => !chosen.includes(k.key)),
  ].slice(0, SHOWN);
  return (
    <Menu position="bottom-end" opened={opened} onChange={setOpened} closeOnItemClick={!many}>
      <Menu.Target>{children}</Menu.Target>
      <Menu.Dropdown w={300}>
        <TextInput
          data-autofocus
          m={4}
          aria-label={label}
          placeholder={label}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key !== 'Enter' || e.nativeEvent.isComposing) return;
            // A key that nobody has sent in this range may still be meant.
            const key = listed[0]?.key ?? text.trim();
            if (key) onChoose(key);
            if (!many) setOpened(false);
          }}
        />
        <div style={{ maxHeight: 320, overflow: 'auto' }}>
          {listed.map((k) => (
            <Menu.Item
              key={k.key}
              leftSection={
                chosen.includes(k.key) ? <Icon name="check" size={12} /> : <span style={{ width: 12 }} />
              }
              onClick={() => onChoose(k.key)}
            >
              <span className="mono">{k.key}</span> {k.label && <span className="dim">{k.label}</span>}
            </Menu.Item>
          ))}
        </div>
      </Menu.Dropdown>
    </Menu>
  );
}
