import { Button } from '@mantine/core';
import { ApiError } from '~/api/client';
import { useT } from '~/i18n';
import { Icon } from './Icon';
import classes from './states.module.css';

/** What went wrong in words, what to do about it, and a way to try again. */
export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useT();
  const { title, advice } = describe(error, t);
  return (
    <div className={classes.error} role="alert">
      <span className="bad">
        <Icon name="error" size={20} />
      </span>
      <div>
        <div className={classes.title}>{title}</div>
        <div className="dim">{advice}</div>
        {retry && (
          <Button mt="xs" variant="default" leftSection={<Icon name="refresh" size={14} />} onClick={retry}>
            {t.common.retry}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Is it the reader's own input that the server refused? */
export function isInvalid(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'invalid';
}

function describe(error: unknown, t: ReturnType<typeof useT>): { title: string; advice: string } {
  if (error instanceof ApiError) {
    const e = t.errors;
    const advice = (
      {
        unreachable: e.unreachableAdvice,
        unauthenticated: e.unauthenticatedAdvice,
        forbidden: e.forbiddenAdvice,
        not_found: e.notFoundAdvice,
        timeout: e.timeoutAdvice,
        too_large: e.tooLargeAdvice,
        overloaded: e.overloadedAdvice,
        unavailable: e.unavailableAdvice,
        invalid: e.invalidAdvice,
      } as Record<string, string>
    )[error.code];
    if (error.code === 'unreachable') return { title: e.unreachable, advice: e.unreachableAdvice };
    const first = error.fields[0]?.message;
    return {
      title: error.message || e.generic,
      advice: [first && first !== error.message ? first : '', advice ?? e.genericAdvice]
        .filter(Boolean)
        .join(' '),
    };
  }
  return { title: t.errors.page, advice: error instanceof Error ? error.message : String(error) };
}
