// A stack trace and, once asked for, the source of one of its frames: at first the topmost
// one of own code, then any that is chosen.
import { useMemo, useState } from 'react';
import type { Log, Span } from '~/api/types';
import { partsOf } from '~/lib/frames';
import { ranOf, useReadsCode } from '~/ui/code/code.queries';
import { type Clue, clueOfSpan, topClue } from '~/ui/code/frame';
import { SourceLines } from '~/ui/code/SourceLines';
import { Stack } from './Stack';

/** clueOf an occurrence is its stack's, else what its span says of itself. */
export function clueOf(span: Span | undefined, log: Log | undefined): Clue | undefined {
  const stack = (span ?? log)?.exception?.stack;
  return (stack ? topClue(partsOf(stack)) : undefined) ?? (span ? clueOfSpan(span) : undefined);
}

export function StackSource({ span, log }: { span: Span | undefined; log: Log | undefined }) {
  const reads = useReadsCode();
  const one = span ?? log;
  const top = useMemo(() => clueOf(span, log), [span, log]);
  const [chosen, setChosen] = useState<Clue | undefined>();
  const [opened, setOpened] = useState(false);
  if (!one) return null;
  const clue = chosen ?? top;
  const stack = one.exception?.stack;
  return (
    <>
      {stack && (
        <Stack
          stack={stack}
          chosen={opened ? clue : undefined}
          onChoose={
            reads
              ? (c) => {
                  setChosen(c);
                  setOpened(true);
                }
              : undefined
          }
        />
      )}
      <div style={{ marginTop: 10 }}>
        <SourceLines ran={ranOf(one)} clue={clue} opened={opened} onOpen={setOpened} />
      </div>
    </>
  );
}
