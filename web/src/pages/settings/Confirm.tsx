import { Button } from '@mantine/core';
import { useT } from '~/i18n';
import { Dialog } from '~/ui/Dialog';
import { ErrorState } from '~/ui/ErrorState';
import classes from './settings.module.css';

interface Props {
  title: string;
  /** text names what will be lost. */
  text: string;
  action: string;
  pending: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks once before something is lost. */
export function Confirm({ title, text, action, pending, error, onConfirm, onClose }: Props) {
  const t = useT();
  return (
    <Dialog opened onClose={onClose} title={title}>
      <p style={{ marginTop: 0 }}>{text}</p>
      {error ? <ErrorState error={error} /> : null}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onClose} data-autofocus>
          {t.common.cancel}
        </Button>
        <Button color="red.8" loading={pending} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
