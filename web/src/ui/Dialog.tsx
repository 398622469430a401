// Every titled dialog goes through here, so that its close button has a name in the
// reader's language (Mantine gives it none).
import { Modal, type ModalProps } from '@mantine/core';
import { useT } from '~/i18n';

interface Props extends ModalProps {
  title: string;
}

export function Dialog(props: Props) {
  const t = useT();
  return <Modal {...props} closeButtonProps={{ 'aria-label': t.common.close }} />;
}
