// The table of all small tables: sortable by its headings, numbers to the right. The
// order is the caller's to keep (in the address, mostly).
import {
  type ColumnDef,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { type ReactNode, useMemo } from 'react';
import { Icon } from './Icon';
import classes from './table.module.css';

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

export interface Column<T> {
  id: string;
  header: ReactNode;
  /** value is what the column sorts by; without it the column does not sort. */
  value?: (row: T) => number | string;
  cell: (row: T) => ReactNode;
  numeric?: boolean;
  /** title explains the heading on hover. */
  title?: string;
  width?: number | string;
}

interface Props<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  /** sort is a column, with a leading minus when descending; '' is the order of rows. */
  sort?: string;
  onSort?: (sort: string) => void;
  rowClass?: (row: T) => string | undefined;
  rowProps?: (row: T, index: number) => Record<string, unknown>;
}

export function DataTable<T extends object>({
  caption,
  columns,
  rows,
  rowKey,
  sort = '',
  onSort,
  rowClass,
  rowProps,
}: Props<T>) {
  const sorting = useMemo<SortingState>(
    () => (sort ? [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }] : []),
    [sort],
  );
  const defs = useMemo(
    () =>
      columns.map(
        (c): ColumnDef<typeof features, T> => ({
          id: c.id,
          accessorFn: (row) => c.value?.(row) ?? '',
          enableSorting: c.value !== undefined,
          sortFn: (a, b) => order(c.value!(a.original), c.value!(b.original)),
        }),
      ),
    [columns],
  );
  const state = useMemo(() => ({ sorting }), [sorting]);
  const table = useTable({ features, columns: defs, data: rows, state, getRowId: rowKey });
  const byId = new Map(columns.map((c) => [c.id, c]));
  return (
    <table className={classes.table}>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map((c) => {
            const dir = sorting[0]?.id === c.id ? (sorting[0].desc ? 'descending' : 'ascending') : undefined;
            return (
              <th
                key={c.id}
                scope="col"
                className={c.numeric ? 'num' : undefined}
                aria-sort={dir ?? (c.value && onSort ? 'none' : undefined)}
                style={c.width ? { width: c.width } : undefined}
                title={c.title}
              >
                {c.value && onSort ? (
                  <button
                    type="button"
                    className={`plain ${classes.head}`}
                    onClick={() => onSort(nextSort(sort, c))}
                  >
                    {c.header}
                    <span className={classes.arrow} aria-hidden="true">
                      {dir ? <Icon name={dir === 'descending' ? 'down' : 'up'} size={10} /> : null}
                    </span>
                  </button>
                ) : (
                  c.header
                )}
              </th>
            );
          })}
        </tr>
      </thead>
      <tbody>
        {table.getRowModel().rows.map((row, i) => (
          <tr key={row.id} className={rowClass?.(row.original)} {...rowProps?.(row.original, i)}>
            {row.getAllCells().map((cell) => {
              const c = byId.get(cell.column.id)!;
              return (
                <td key={cell.id} className={c.numeric ? 'num' : undefined}>
                  {c.cell(row.original)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function order(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b));
}

/** sortRows gives rows as a table shows them, for those who count them by the keyboard. */
export function sortRows<T>(rows: T[], columns: readonly Column<T>[], sort: string): T[] {
  const value = columns.find((c) => c.id === sort.replace(/^-/, ''))?.value;
  if (!value) return rows;
  const sign = sort.startsWith('-') ? -1 : 1;
  return [...rows].sort((a, b) => sign * order(value(a), value(b)));
}

/** Numbers begin with the largest, texts with the first; the third click gives the own order back. */
function nextSort<T>(sort: string, c: Column<T>): string {
  const first = c.numeric ? `-${c.id}` : c.id;
  const second = c.numeric ? c.id : `-${c.id}`;
  return sort === first ? second : sort === second ? '' : first;
}
