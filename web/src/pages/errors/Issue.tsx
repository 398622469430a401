// What an issue about a group of errors is told, from all that the page of the group knows.
import type { Log, Span } from '~/api/types';
import { absolute } from '~/lib/range';
import { useRange } from '~/shell/RangeContext';
import { ranOf } from '~/ui/code/code.queries';
import { OpenIssue } from '~/ui/code/OpenIssue';
import { stringifySearch } from '~/url';
import type { ErrorGroup } from './errors.queries';
import { clueOf } from './StackSource';

interface Props {
  group: ErrorGroup;
  envs: string[];
  span: Span | undefined;
  log: Log | undefined;
  onOpened: (link: string) => void;
}

export function Issue({ group: g, envs, span, log, onOpened }: Props) {
  const range = useRange();
  const one = span ?? log;
  const pinned = absolute(range);
  const at = (path: string, search: { from: string; to: string; span?: string }) =>
    `${location.origin}${path}${stringifySearch({ ...search })}`;
  return (
    <OpenIssue
      about={{
        service: g.service,
        envs,
        type: g.type,
        message: one?.exception?.message || g.message,
        stack: one?.exception?.stack ?? '',
        count: g.count,
        users: g.users,
        fromMs: range.fromMs,
        toMs: range.toMs,
        first: g.first_ever ?? g.first,
        last: g.last,
        versions: g.versions,
        endpoints: g.endpoints,
        group: at(location.pathname, pinned),
        trace: one?.trace_id
          ? at(`/traces/${one.trace_id}`, one.span_id ? { ...pinned, span: one.span_id } : pinned)
          : undefined,
      }}
      ran={one ? ranOf(one) : undefined}
      clue={clueOf(span, log)}
      onOpened={onOpened}
    />
  );
}
