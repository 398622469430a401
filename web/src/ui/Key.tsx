import { Fragment } from 'react';

/** A dotted name that may break behind its dots and underscores, and copies as it is. */
export function Key({ name }: { name: string }) {
  return name.split(/(?<=[._/-])/).map((part, i) => (
    <Fragment key={i}>
      {i > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
