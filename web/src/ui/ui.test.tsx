// @vitest-environment happy-dom
import { MantineProvider } from '@mantine/core';
import { act, type ReactNode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '~/api/client';
import { I18nProvider } from '~/i18n';
import { en } from '~/i18n/en';
import { ja } from '~/i18n/ja';
import type { Lang } from '~/lib/format';
import { Attributes } from './Attributes';
import { type Column, DataTable } from './DataTable';
import { ErrorState } from './ErrorState';

let host: HTMLDivElement;
let unmount: () => void;

beforeEach(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
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

const click = (el: Element | null) =>
  act(() => el!.dispatchEvent(new MouseEvent('click', { bubbles: true })));

interface Row {
  name: string;
  n: number;
}
const rows: Row[] = [
  { name: 'b', n: 9 },
  { name: 'a', n: 10 },
  { name: 'c', n: 1 },
];
const columns: Column<Row>[] = [
  { id: 'name', header: 'Name', value: (r) => r.name, cell: (r) => r.name },
  { id: 'n', header: 'N', numeric: true, value: (r) => r.n, cell: (r) => r.n },
];
function Table() {
  const [sort, setSort] = useState('');
  return (
    <DataTable
      caption="t"
      columns={columns}
      rows={rows}
      rowKey={(r) => r.name}
      sort={sort}
      onSort={setSort}
    />
  );
}

describe('DataTable', () => {
  const names = () =>
    [...host.querySelectorAll('tbody tr')].map((tr) => tr.firstElementChild?.textContent).join('');
  const heading = (i: number) => host.querySelectorAll('th')[i]!;

  it('sorts numbers largest first, then smallest, then as given', () => {
    show(<Table />);
    expect(names()).toBe('bac');
    click(heading(1).querySelector('button'));
    expect(names()).toBe('abc');
    expect(heading(1).getAttribute('aria-sort')).toBe('descending');
    click(heading(1).querySelector('button'));
    expect(names()).toBe('cba');
    click(heading(1).querySelector('button'));
    expect(names()).toBe('bac');
    expect(heading(1).getAttribute('aria-sort')).toBe('none');
  });
  it('sorts texts from the first', () => {
    show(<Table />);
    click(heading(0).querySelector('button'));
    expect(names()).toBe('abc');
  });
});

describe('Attributes', () => {
  it('narrows the filter to a value and takes it out', () => {
    const onFilter = vi.fn();
    show(
      <Attributes
        rows={[{ key: 'http.route', value: '/api/{id}' }]}
        filter="level>=error"
        onFilter={onFilter}
      />,
    );
    click(host.querySelector(`[aria-label="${en.detail.include}"]`));
    click(host.querySelector(`[aria-label="${en.detail.exclude}"]`));
    expect(onFilter.mock.calls).toEqual([
      ['level>=error http.route:/api/{id}'],
      ['level>=error -http.route:/api/{id}'],
    ]);
  });
  it('indents JSON and offers nothing where there is no filter', () => {
    show(<Attributes rows={[{ key: 'a', value: '{"b":1}' }]} />);
    expect(host.querySelector('pre')?.textContent).toBe('{\n  "b": 1\n}');
    expect(host.querySelector(`[aria-label="${en.detail.include}"]`)).toBeNull();
  });
});

describe('ErrorState', () => {
  it('says what happened in the words of the server, and what to do in ours', () => {
    const retry = vi.fn();
    show(<ErrorState error={new ApiError(504, 'timeout', '時間がかかりすぎました。')} retry={retry} />, 'ja');
    expect(host.textContent).toContain('時間がかかりすぎました。');
    expect(host.textContent).toContain(ja.errors.timeoutAdvice);
    click(host.querySelector('button'));
    expect(retry).toHaveBeenCalledOnce();
  });
});

describe('the two languages', () => {
  const leaves = (o: object, path = ''): string[] =>
    Object.entries(o).flatMap(([k, v]) =>
      typeof v === 'object' && v !== null ? leaves(v, `${path}.${k}`) : [`${path}.${k}`],
    );
  it('have the same texts, also where the types allow more', () => {
    expect(leaves(ja).sort()).toEqual(leaves(en).sort());
  });
});
