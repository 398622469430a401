import { Link } from '@tanstack/react-router';
import { useTexts } from '~/i18n';
import { useIsAdmin } from '~/shell/Session';
import { carried, useUrl } from '~/url';
import { texts } from './code.texts';

/** The way to where repositories are chosen, for those who may. */
export function ToRepositories() {
  const t = useTexts(texts);
  const { search } = useUrl();
  if (!useIsAdmin()) return null;
  return (
    <Link to="/settings/$tab" params={{ tab: 'repositories' }} search={carried(search)}>
      {t.settings}
    </Link>
  );
}
