// @vitest-environment happy-dom
import { MantineProvider } from '@mantine/core';
import { act, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { I18nProvider } from '~/i18n';
import type { Lang } from '~/lib/format';
import type { Compare } from '~/lib/range';
import { Change } from './Change';
import type { ChartData } from './data';
import { Kpis } from './Kpis';
import { MarkStrip, Marks } from './Marks';
import { Sparkline } from './Sparkline';
import { TimeChart } from './TimeChart';

let compare: Compare | undefined;
vi.mock('~/shell/RangeContext', () => ({
  useRange: () => ({ fromMs: 0, toMs: 40e3, setRange: () => {}, compare }),
}));
const push = vi.fn();
vi.mock('@tanstack/react-router', () => ({ useRouter: () => ({ history: { push } }) }));

let host: HTMLDivElement;
let unmount: () => void;
beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  compare = 'week';
  host = document.createElement('div');
  document.body.append(host);
});
afterEach(() => {
  act(() => unmount());
  host.remove();
});

function show(node: ReactNode, lang: Lang = 'en') {
  const root = createRoot(host);
  unmount = () => root.unmount();
  act(() =>
    root.render(
      <MantineProvider>
        <I18nProvider start={lang}>{node}</I18nProvider>
      </MantineProvider>,
    ),
  );
}

const text = (el: Element | null | undefined) => (el?.textContent ?? '').replaceAll('\u00a0', ' ');

const data: ChartData = {
  times: [0, 10e3, 20e3, 30e3],
  stepMs: 10e3,
  series: [
    {
      key: 'p50',
      label: 'p50',
      color: '#4477aa',
      values: [1e6, null, 3e6, 2e6],
      before: [2e6, 2e6, null, 1e6],
    },
    { key: 'p95', label: 'p95', color: '#8f6fc0', values: [5e6, null, 7e6, 9e6] },
  ],
};

describe('TimeChart', () => {
  it('says in a table what it draws', () => {
    show(<TimeChart label="Durations" data={data} unit="duration" />);
    const table = host.querySelector('table')!;
    expect(text(table.caption)).toBe('Durations');
    expect([...table.querySelectorAll('th')].map(text)).toEqual(['Time', 'p50', 'p50 (week before)', 'p95']);
    const rows = [...table.querySelectorAll('tbody tr')].map((r) =>
      [...r.querySelectorAll('td')].slice(1).map(text),
    );
    expect(rows).toEqual([
      ['1 ms', '2 ms', '5 ms'],
      ['no data', '2 ms', 'no data'],
      ['3 ms', 'no data', '7 ms'],
      ['2 ms', '1 ms', '9 ms'],
    ]);
  });
  it('hides a series by a press on its name', () => {
    show(<TimeChart label="Durations" data={data} unit="duration" />);
    const name = [...host.querySelectorAll('button')].find((b) => text(b) === 'p50')!;
    expect(name.getAttribute('aria-pressed')).toBe('true');
    act(() => name.click());
    expect(name.getAttribute('aria-pressed')).toBe('false');
  });
  it('names the time before only while it is compared with', () => {
    compare = undefined;
    show(<TimeChart label="Durations" data={data} unit="duration" />);
    expect(host.textContent).not.toContain('week before');
  });
});

describe('Change', () => {
  const badge = (node: ReactNode, lang: Lang = 'en') => {
    show(node, lang);
    const el = host.querySelector('[title]')!;
    return [
      text(el),
      el.getAttribute('data-hurts'),
      (el.getAttribute('title') ?? '').replaceAll('\u00a0', ' '),
    ];
  };
  it('is coloured, with an arrow, when it hurts', () => {
    expect(badge(<Change now={1.8e9} before={0.6e9} unit="duration" hurts="up" />)).toEqual([
      '▲ +200 %',
      'true',
      '+200 % against the week before: 1.8 s, was 0.6 s'.replace('0.6 s', '600 ms'),
    ]);
  });
  it('is calm when it does good, is small, or means nothing', () => {
    expect(badge(<Change now={0.6e9} before={1.8e9} unit="duration" hurts="up" />)[1]).toBe('false');
    act(() => unmount());
    expect(badge(<Change now={105} before={100} unit="count" hurts="up" />).slice(0, 2)).toEqual([
      '+5 %',
      'false',
    ]);
    act(() => unmount());
    expect(badge(<Change now={500} before={100} unit="count" />).slice(0, 2)).toEqual(['+400 %', 'false']);
  });
  it('speaks Japanese', () => {
    expect(badge(<Change now={120} before={100} unit="count" />, 'ja')[2]).toBe(
      '前週比 +20 %: 120（前週 100）',
    );
  });
  it('is not there when nothing is compared', () => {
    compare = undefined;
    show(<Change now={1} before={2} unit="count" />);
    expect(host.querySelector('[title]')).toBeNull();
  });
});

it('shows the few numbers that matter with what lies behind them', () => {
  show(
    <Kpis
      label="Checkout"
      items={[
        { key: 'p95', label: 'p95', value: 1.24e9, unit: 'duration', before: 1e9, hurts: 'up' },
        {
          key: 'errors',
          label: 'Errors',
          value: 0.01,
          unit: 'share',
          link: (n) => <a href="/traces">{n}</a>,
        },
      ]}
    />,
  );
  expect(text(host.querySelector('dl'))).toBe('p951.24 s▲ +24 %Errors1 %');
  expect(text(host.querySelector('a'))).toBe('1 %');
});

describe('marks', () => {
  const strip = (
    <Marks
      marks={[
        { time: 10e3, kind: 'release', title: 'checkout 1.4.2', href: '/releases/1' },
        { time: 30e3, kind: 'alert', title: 'a', href: '/alerts/1' },
        { time: 30.1e3, kind: 'incident', title: 'b' },
        { time: 99e3, kind: 'release', title: 'after the range' },
      ]}
    >
      <MarkStrip fromMs={0} toMs={40e3} width={1000} />
    </Marks>
  );
  it('lead to their pages without leaving the application', () => {
    show(strip);
    const link = host.querySelector<HTMLAnchorElement>('a[href="/releases/1"]')!;
    expect(link.title).toMatch(/^Release: checkout 1\.4\.2 · /);
    act(() => link.click());
    expect(push).toHaveBeenCalledWith('/releases/1');
  });
  it('that would stand on each other are one, of the worst kind', () => {
    show(strip);
    expect(host.querySelectorAll('li').length).toBe(2);
    const button = host.querySelector('button')!;
    expect(button.getAttribute('aria-label')).toBe('2 events');
    expect(button.querySelector('[data-kind]')!.getAttribute('data-kind')).toBe('incident');
  });
});

it('draws a sparkline for each run without gaps, and the time before dashed', () => {
  show(<Sparkline values={[1, 2, null, 3]} before={[4, 4, 4, 4]} />);
  const paths = [...host.querySelectorAll('path')];
  expect(paths.map((p) => (p.getAttribute('d')!.match(/M/g) ?? []).length)).toEqual([1, 2, 2]);
  expect(paths[0]!.getAttribute('stroke-dasharray')).toBe('2 2');
  // The highest value of both is the top.
  expect(paths[0]!.getAttribute('d')).toMatch(/^M1\.0,2\.5/);
});
