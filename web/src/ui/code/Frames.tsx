// Lines of a stack trace whose frames can be chosen, to see the source behind them.
import { useMemo } from 'react';
import { useTexts } from '~/i18n';
import classes from './code.module.css';
import { texts } from './code.texts';
import { type Clue, framesOf, sameClue } from './frame';

interface Props {
  lines: readonly string[];
  chosen?: Clue | undefined;
  /** onChoose is missing where the reader may not see source. */
  onChoose?: ((c: Clue) => void) | undefined;
}

export function Frames({ lines, chosen, onChoose }: Props) {
  const t = useTexts(texts);
  const frames = useMemo(() => framesOf(lines), [lines]);
  if (!onChoose) return lines.join('\n');
  return frames.map((f, i) =>
    f.clue ? (
      <button
        key={i}
        type="button"
        className={`plain ${classes.frame}`}
        aria-pressed={sameClue(f.clue, chosen)}
        title={sameClue(f.clue, chosen) ? t.showsFrame : t.frameHint}
        onClick={() => onChoose(f.clue!)}
      >
        {f.lines.join('\n')}
      </button>
    ) : (
      <span key={i}>
        {f.lines.join('\n')}
        {'\n'}
      </span>
    ),
  );
}
