import { useTexts } from '~/i18n';
import { Icon, type IconName } from '~/ui/Icon';
import classes from './errors.module.css';
import type { Shows } from './errors.queries';
import { texts } from './errors.texts';

const icons: Record<Shows, IconName> = {
  returned: 'refresh',
  new: 'warning',
  ongoing: 'error',
  resolved: 'ok',
  ignored: 'minus',
};

/** What a group shows as: by shape and word, not by colour alone. */
export function Badge({ shows }: { shows: Shows }) {
  const t = useTexts(texts);
  return (
    <span className={classes.badge} data-shows={shows}>
      <Icon name={icons[shows]} size={12} />
      {t.shows[shows]}
    </span>
  );
}
