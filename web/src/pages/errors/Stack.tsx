// A stack trace with what is the service's own code in sight and the frames of libraries
// folded; nothing is left out for good, and the copy is the whole.
import { useMemo, useState } from 'react';
import { useTexts } from '~/i18n';
import { count } from '~/lib/format';
import { framesIn, partsOf } from '~/lib/frames';
import { CopyButton } from '~/ui/CopyButton';
import { Frames } from '~/ui/code/Frames';
import type { Clue } from '~/ui/code/frame';
import { Icon } from '~/ui/Icon';
import { ScrollPre } from '~/ui/ScrollPre';
import classes from './errors.module.css';
import { texts } from './errors.texts';

interface Props {
  stack: string;
  /** chosen is the frame whose source is shown; without onChoose none can be. */
  chosen?: Clue | undefined;
  onChoose?: ((c: Clue) => void) | undefined;
}

export function Stack({ stack, chosen, onChoose }: Props) {
  const t = useTexts(texts);
  const parts = useMemo(() => partsOf(stack), [stack]);
  // Without own code there is nothing to put first.
  const foldable = parts.some((p) => p.kind === 'own') && parts.some((p) => p.kind === 'library');
  const [all, setAll] = useState(false);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  return (
    <div>
      <div className={classes.stackHead}>
        {foldable && (
          <button type="button" className={`plain ${classes.link}`} onClick={() => setAll(!all)}>
            {all ? t.fold : t.allFrames}
          </button>
        )}
        <CopyButton value={stack} size="xs" />
      </div>
      <ScrollPre className={classes.stack}>
        {parts.map((p, i) =>
          p.kind === 'library' && foldable && !all && !opened.has(i) ? (
            <button
              key={i}
              type="button"
              className={`plain ${classes.folded}`}
              aria-expanded={false}
              onClick={() => setOpened(new Set([...opened, i]))}
            >
              <Icon name="right" size={10} />
              {t.library(count(framesIn(p)))}
            </button>
          ) : (
            <span key={i} className={classes.frames} data-kind={p.kind}>
              <Frames lines={p.lines} chosen={chosen} onChoose={onChoose} />
            </span>
          ),
        )}
      </ScrollPre>
    </div>
  );
}
