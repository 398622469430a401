import { useHotkeys } from '@mantine/hooks';
import { Outlet, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useT } from '~/i18n';
import { Marks } from '~/ui/chart/Marks';
import { useTimelineMarks } from '~/ui/timeline';
import { HelpDialog } from './HelpDialog';
import { Nav } from './Nav';
import { Palette } from './Palette';
import { RangeProvider } from './RangeContext';
import { SessionGate } from './Session';
import classes from './shell.module.css';
import { TopBar } from './TopBar';

export function Shell() {
  return (
    <SessionGate>
      <RangeProvider>
        <Frame />
      </RangeProvider>
    </SessionGate>
  );
}

function Frame() {
  const t = useT();
  // What happened is marked on every chart: of the page's service, where it has one.
  const { service = '' } = useParams({ strict: false }) as { service?: string };
  const marks = useTimelineMarks(service);
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  // Ctrl/⌘ K also while a field has the focus; the rest only outside of fields.
  useHotkeys([['mod+K', () => setPalette((o) => !o)]], []);
  useHotkeys([
    ['shift+?', () => setHelp(true)],
    ['?', () => setHelp(true)],
    ['/', () => document.querySelector<HTMLInputElement>('[data-filter-input]')?.focus()],
  ]);
  return (
    <div className={classes.frame}>
      <a href="#main" className={classes.skip}>
        {t.nav.skip}
      </a>
      <Nav />
      <TopBar onSearch={() => setPalette(true)} onHelp={() => setHelp(true)} />
      <main id="main" className={classes.main} tabIndex={-1}>
        <Marks marks={marks}>
          <Outlet />
        </Marks>
      </main>
      {palette && <Palette onClose={() => setPalette(false)} />}
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </div>
  );
}
