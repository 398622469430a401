// Ctrl/⌘ K: go to a page or a service, open a pasted trace id, search, switch things.
import { Modal, TextInput, useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { servicesQuery } from '~/api/queries';
import { useI18n } from '~/i18n';
import { compare } from '~/lib/filter';
import { traceIdIn } from '~/lib/ids';
import { useReadsCode } from '~/ui/code/code.queries';
import { Icon, type IconName } from '~/ui/Icon';
import type { Page } from '~/ui/PageLink';
import { carried, useUrl } from '~/url';
import { useRange } from './RangeContext';
import { useIsAdmin } from './Session';
import classes from './shell.module.css';
import { useLanguage } from './useLanguage';

interface Entry {
  id: string;
  icon: IconName;
  text: string;
  hint?: string;
  run: () => void;
}

export function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const entries = useEntries(text);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const current = Math.min(at, entries.length - 1);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  });

  const run = (e: Entry | undefined) => {
    if (!e) return;
    onClose();
    e.run();
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.nativeEvent.isComposing) return;
    if (e.key === 'ArrowDown') setAt(Math.min(current + 1, entries.length - 1));
    else if (e.key === 'ArrowUp') setAt(Math.max(current - 1, 0));
    else if (e.key === 'Enter') run(entries[current]);
    else return;
    e.preventDefault();
  };
  return (
    <Modal.Root
      opened
      onClose={onClose}
      size="lg"
      padding="sm"
      yOffset="12vh"
      transitionProps={{ duration: 100 }}
    >
      <Modal.Overlay />
      <Modal.Content aria-label={t.palette.title}>
        <Modal.Body>
          <TextInput
            size="md"
            data-autofocus
            value={text}
            placeholder={t.palette.placeholder}
            aria-label={t.palette.placeholder}
            role="combobox"
            aria-expanded
            aria-controls={id}
            aria-activedescendant={entries[current] ? `${id}-${entries[current].id}` : undefined}
            leftSection={<Icon name="search" />}
            onChange={(e) => {
              setText(e.currentTarget.value);
              setAt(0);
            }}
            onKeyDown={onKey}
          />
          <div className={classes.paletteList} role="listbox" id={id} ref={list} aria-label={t.palette.title}>
            {entries.map((e, i) => (
              // The input keeps the focus and handles the keys for the list.
              <div
                key={e.id}
                id={`${id}-${e.id}`}
                role="option"
                aria-selected={i === current}
                className={classes.paletteItem}
                onMouseMove={() => i !== current && setAt(i)}
                onClick={() => run(e)}
              >
                <Icon name={e.icon} />
                <span className="ellipsis">{e.text}</span>
                {e.hint && <span className={classes.hint}>{e.hint}</span>}
              </div>
            ))}
            {entries.length === 0 && <div style={{ padding: 12 }}>{t.palette.nothing}</div>}
          </div>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

function useEntries(text: string): Entry[] {
  const { t, lang } = useI18n();
  const navigate = useNavigate();
  const { search } = useUrl();
  const { scope, setLive, live, relative } = useRange();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const setLanguage = useLanguage();
  const admin = useIsAdmin();
  const code = useReadsCode();
  const services = useQuery(servicesQuery(scope)).data?.items ?? [];
  const keep = carried(search);
  const q = text.trim();
  const out: Entry[] = [];

  const traceId = traceIdIn(q);
  if (traceId) {
    out.push({
      id: 'trace',
      icon: 'traces',
      text: t.palette.openTrace(traceId),
      run: () => void navigate({ to: '/traces/$traceId', params: { traceId }, search: keep }),
    });
  }

  const page = (to: Page, icon: IconName, label: string): Entry => ({
    id: to.slice(1),
    icon,
    text: label,
    hint: t.palette.page,
    run: () => void navigate({ to, search: keep }),
  });
  const tab = (name: string, label: string): Entry => ({
    id: `settings-${name}`,
    icon: 'settings',
    text: `${t.nav.settings}: ${label}`,
    hint: t.palette.page,
    run: () => void navigate({ to: '/settings/$tab', params: { tab: name }, search: keep }),
  });
  const fixed: Entry[] = [
    page('/services', 'services', t.nav.services),
    page('/map', 'map', t.nav.map),
    page('/databases', 'database', t.nav.databases),
    page('/releases', 'release', t.nav.releases),
    page('/logs', 'logs', t.nav.logs),
    page('/traces', 'traces', t.nav.traces),
    page('/metrics', 'metrics', t.nav.metrics),
    page('/errors', 'error', t.nav.errors),
    page('/sql', 'code', t.nav.sql),
    page('/status', 'status', t.nav.status),
    tab('account', t.settings.account),
    ...(code ? [tab('repositories', lang === 'ja' ? 'リポジトリ' : 'Repositories')] : []),
    ...(admin
      ? [
          tab('slack', 'Slack'),
          tab('users', t.settings.users),
          tab('tokens', t.settings.tokens),
          tab('backups', lang === 'ja' ? 'バックアップ' : 'Backups'),
        ]
      : []),
    {
      id: 'lang',
      icon: 'language',
      text: lang === 'ja' ? 'Switch to English' : '日本語に切り替える',
      hint: t.palette.action,
      run: () => setLanguage(lang === 'ja' ? 'en' : 'ja'),
    },
    {
      id: 'scheme',
      icon: colorScheme === 'dark' ? 'sun' : 'moon',
      text: colorScheme === 'dark' ? t.palette.toLight : t.palette.toDark,
      hint: t.palette.action,
      run: () => setColorScheme(colorScheme === 'dark' ? 'light' : 'dark'),
    },
    ...(relative
      ? [
          {
            id: 'live',
            icon: live ? ('pause' as const) : ('play' as const),
            text: live ? t.palette.pause : t.palette.resume,
            hint: t.palette.action,
            run: () => setLive(!live),
          },
        ]
      : []),
  ];
  const folded = q.normalize('NFKC').toLowerCase();
  const has = (s: string) => s.normalize('NFKC').toLowerCase().includes(folded);
  const seen = new Set<string>();
  for (const s of services) {
    if (seen.has(s.service) || !has(s.service)) continue;
    seen.add(s.service);
    if (q === '' && seen.size > 6) break;
    const filter = compare('service', s.service);
    out.push({
      id: `svc-logs-${s.service}`,
      icon: 'logs',
      text: s.service,
      hint: t.palette.logsOf,
      run: () => void navigate({ to: '/logs', search: { ...keep, filter } }),
    });
    if (q !== '')
      out.push({
        id: `svc-traces-${s.service}`,
        icon: 'traces',
        text: s.service,
        hint: t.palette.tracesOf,
        run: () => void navigate({ to: '/traces', search: { ...keep, filter } }),
      });
  }
  out.push(...fixed.filter((e) => q === '' || has(e.text)));
  if (q !== '' && !traceId) {
    out.push({
      id: 'search-logs',
      icon: 'search',
      text: t.palette.searchLogs(q),
      run: () => void navigate({ to: '/logs', search: { ...keep, filter: q } }),
    });
  }
  return out;
}
