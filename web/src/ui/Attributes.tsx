// Attributes of a row: key and value, each with buttons that narrow the filter to it or
// take it out, and copy it.
import { useT } from '~/i18n';
import * as Fl from '~/lib/filter';
import { prettyJson } from '~/lib/json';
import { CopyButton } from './CopyButton';
import classes from './detail.module.css';
import { Highlight } from './Highlight';
import { IconButton } from './IconButton';
import { Key } from './Key';

export interface AttributeRow {
  /** key as a filter knows it. */
  key: string;
  /** label as it is shown, when it is not the key. */
  label?: string;
  value: string;
  /** plain: this row has no place in a filter. */
  plain?: boolean;
}

interface Props {
  title?: string;
  rows: AttributeRow[];
  filter?: string;
  onFilter?: ((text: string) => void) | undefined;
  words?: readonly string[];
  /** onColumn shows or hides a key as a column of the list. */
  onColumn?: ((key: string) => void) | undefined;
  columns?: readonly string[];
}

export function Attributes({
  title,
  rows,
  filter = '',
  onFilter,
  words = [],
  onColumn,
  columns = [],
}: Props) {
  const t = useT();
  if (rows.length === 0) return null;
  return (
    <section className={classes.section}>
      {title && <h3>{title}</h3>}
      <table className={classes.attrs}>
        <tbody>
          {rows.map((r) => {
            const json = prettyJson(r.value);
            return (
              <tr key={r.key}>
                <th scope="row" title={r.key}>
                  <Key name={r.label ?? r.key} />
                </th>
                <td>
                  {json ? (
                    <pre>{json}</pre>
                  ) : (
                    <span className={classes.value}>
                      {r.value === '' ? (
                        <span className="dim">""</span>
                      ) : (
                        <Highlight text={r.value} words={words} />
                      )}
                    </span>
                  )}
                  <span className={classes.actions}>
                    {onFilter && !r.plain && r.value !== '' && (
                      <>
                        <IconButton
                          icon="plus"
                          size="xs"
                          label={t.detail.include}
                          onClick={() => onFilter(Fl.add(filter, r.key, r.value))}
                        />
                        <IconButton
                          icon="minus"
                          size="xs"
                          label={t.detail.exclude}
                          onClick={() => onFilter(Fl.add(filter, r.key, r.value, true))}
                        />
                      </>
                    )}
                    {onColumn && (
                      <IconButton
                        icon="columns"
                        size="xs"
                        label={t.detail.asColumn}
                        pressed={columns.includes(r.key)}
                        onClick={() => onColumn(r.key)}
                      />
                    )}
                    <CopyButton value={r.value} size="xs" />
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** attributeRows orders a map by key. */
export function attributeRows(map: Record<string, string> | undefined, prefix = ''): AttributeRow[] {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, value]) => ({ key: prefix + k, label: k, value }));
}
