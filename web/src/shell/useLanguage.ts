import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import { sessionQuery } from '~/api/queries';
import { useI18n } from '~/i18n';
import type { Lang } from '~/lib/format';
import { useSession } from './Session';

/** Switches the language at once and keeps the choice with the user. */
export function useLanguage(): (lang: Lang) => void {
  const { setLang } = useI18n();
  const session = useSession();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: (lang: Lang) => unwrap(api.PATCH('/api/v1/users/me', { body: { lang } })),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
  });
  return (lang) => {
    setLang(lang);
    if (session.user && session.auth !== 'none') save.mutate(lang);
    // Texts of errors and notes come from the server in the reader's language.
    void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== 'session' });
  };
}
