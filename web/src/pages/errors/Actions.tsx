// What can be decided about a group: resolve, ignore, reopen, assign. The page of a group and
// the rows of the inbox share it.
import { Button, Menu, SegmentedControl, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useTexts } from '~/i18n';
import { Dialog } from '~/ui/Dialog';
import { Icon } from '~/ui/Icon';
import classes from './errors.module.css';
import { type Change, type ErrorGroup, usePeople } from './errors.queries';
import { texts } from './errors.texts';

export type Asked = 'version' | 'ignore';

interface Props {
  group: ErrorGroup;
  pending: boolean;
  onChange: (c: Change) => void;
  onAsk: (a: Asked) => void;
}

export function Actions({ group, pending, onChange, onAsk }: Props) {
  const t = useTexts(texts);
  const open = group.state.status === 'open';
  return (
    <div className={classes.actions}>
      {open ? (
        <>
          <Menu position="bottom-start">
            <Menu.Target>
              <Button
                loading={pending}
                leftSection={<Icon name="check" size={14} />}
                rightSection={<Icon name="expand" size={12} />}
              >
                {t.resolve}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => onChange({ status: 'resolved', mended: 'now' })}>
                {t.resolveNow}
                <div className="dim">{t.resolveNowHint}</div>
              </Menu.Item>
              <Menu.Item onClick={() => onChange({ status: 'resolved', mended: 'next' })}>
                {t.resolveNext}
                <div className="dim">{t.resolveNextHint}</div>
              </Menu.Item>
              <Menu.Item onClick={() => onAsk('version')}>{t.resolveIn}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Button variant="default" onClick={() => onAsk('ignore')}>
            {t.ignore}
          </Button>
        </>
      ) : (
        <Button
          variant="default"
          loading={pending}
          leftSection={<Icon name="refresh" size={14} />}
          onClick={() => onChange({ status: 'open' })}
        >
          {t.reopen}
        </Button>
      )}
      <Assign group={group} onChange={onChange}>
        <Button variant="default" leftSection={<Icon name="person" size={14} />}>
          {group.state.assignee?.name || t.assign}
        </Button>
      </Assign>
    </div>
  );
}

interface AssignProps {
  group: ErrorGroup;
  onChange: (c: Change) => void;
  children: ReactNode;
  opened?: boolean;
  onClose?: () => void;
}

export function Assign({ group, onChange, children, opened, onClose }: AssignProps) {
  const t = useTexts(texts);
  const people = usePeople();
  return (
    <Menu position="bottom-end" {...(opened === undefined ? {} : { opened, onClose: onClose! })}>
      <Menu.Target>{children}</Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflow: 'auto' }}>
        {people.map((p) => (
          <Menu.Item
            key={p.id}
            leftSection={p.id === group.state.assignee?.id ? <Icon name="check" size={12} /> : null}
            onClick={() => onChange({ assignee: { kind: p.kind, id: p.id } })}
          >
            {p.name} <span className="dim">{p.me ? t.me : p.kind === 'team' ? t.team : ''}</span>
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => onChange({ assignee: { kind: 'user', id: '' } })}>{t.unassign}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

interface AskProps {
  group: ErrorGroup;
  asked: Asked;
  onChange: (c: Change) => void;
  onClose: () => void;
}

/** Ask for what a decision needs: the version with the mend, or why and for how long. */
export function Ask({ group, asked, onChange, onClose }: AskProps) {
  const t = useTexts(texts);
  const [text, setText] = useState('');
  const [until, setUntil] = useState<keyof typeof days>('forever');
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (text.trim() === '') return;
    const end = days[until];
    onChange(
      asked === 'version'
        ? { status: 'resolved', mended: 'version', version: text.trim() }
        : {
            status: 'ignored',
            reason: text.trim(),
            ...(end ? { until: new Date(Date.now() + end * 86_400e3).toISOString() } : {}),
          },
    );
    onClose();
  };
  return (
    <Dialog
      opened
      onClose={onClose}
      title={asked === 'version' ? t.resolveIn.replace('…', '') : t.ignoreTitle}
    >
      <form className={classes.ask} onSubmit={submit}>
        <p className="dim">
          {group.service}: {group.type}
        </p>
        <TextInput
          data-autofocus
          label={asked === 'version' ? t.version : t.reason}
          {...(asked === 'ignore' ? { description: t.reasonHint } : { placeholder: '1.4.2' })}
          value={text}
          maxLength={asked === 'version' ? 256 : 2000}
          onChange={(e) => setText(e.currentTarget.value)}
        />
        {asked === 'ignore' && (
          <div>
            <div id="until">{t.until}</div>
            <SegmentedControl
              aria-labelledby="until"
              value={until}
              onChange={(v) => setUntil(v as keyof typeof days)}
              data={[
                { value: 'day', label: t.untils.day },
                { value: 'week', label: t.untils.week },
                { value: 'month', label: t.untils.month },
                { value: 'forever', label: t.forever },
              ]}
            />
          </div>
        )}
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            {t.cancel}
          </Button>
          <Button type="submit" disabled={text.trim() === ''}>
            {asked === 'version' ? t.resolve : t.ignore}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const days = { day: 1, week: 7, month: 30, forever: 0 };
