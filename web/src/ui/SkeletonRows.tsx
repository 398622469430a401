import { Skeleton } from '@mantine/core';
import classes from './states.module.css';

const widths = [72, 88, 64, 80, 92, 70, 84, 60];

/** Grey lines where rows will stand. */
export function SkeletonRows({ rows = 12, height = 14 }: { rows?: number; height?: number }) {
  return (
    <div className={classes.skeleton} aria-busy="true">
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={height} width={`${widths[i % widths.length]}%`} radius="sm" />
      ))}
    </div>
  );
}
