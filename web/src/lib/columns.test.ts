import { describe, expect, it } from 'vitest';
import type { Log } from '~/api/types';
import { cellOf, columnsOf, MAX_COLUMNS, toggled } from './columns';

describe('columns', () => {
  it('reads an address that people may have typed', () => {
    expect(columnsOf(' user.id,,http.route,user.id ')).toEqual(['user.id', 'http.route']);
    expect(columnsOf(undefined)).toEqual([]);
    expect(columnsOf('a,b,c,d,e,f,g,h,i,j')).toHaveLength(MAX_COLUMNS);
  });
  it('adds and takes away', () => {
    expect(toggled(['a'], 'b')).toBe('a,b');
    expect(toggled(['a', 'b'], 'a')).toBe('b');
  });
  it('finds a value where a filter would', () => {
    const log = { host: 'h', attributes: { a: '1' }, resource: { a: '2', b: '3' } } as unknown as Log;
    expect(['a', 'b', 'resource.a', 'host', 'trace_id', 'no'].map((k) => cellOf(log, k))).toEqual([
      '1',
      '3',
      '2',
      'h',
      '',
      '',
    ]);
  });
});
