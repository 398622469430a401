import type { Span } from '~/api/types';
import detail from '~/ui/detail.module.css';
import { ranOf } from './code.queries';
import { clueOfSpan } from './frame';
import { SourceLines } from './SourceLines';

/** The source of a span's own code, statement or route, where the span says which it is. */
export function SpanSource({ span }: { span: Span }) {
  return (
    <SourceLines
      key={span.id}
      ran={ranOf(span)}
      clue={clueOfSpan(span)}
      heading="h3"
      className={detail.section}
    />
  );
}
