import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { useT } from '~/i18n';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { Page } from '~/ui/Page';
import { PageLink } from '~/ui/PageLink';
import { SkeletonRows } from '~/ui/SkeletonRows';

export function NotFound() {
  const t = useT();
  return (
    <Page title={t.errors.noPage}>
      <Empty title={t.errors.noPage} text={t.errors.noPageAdvice}>
        <PageLink to="/services">{t.nav.services}</PageLink>
      </Empty>
    </Page>
  );
}

export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <div style={{ padding: 16 }}>
      <ErrorState error={error} retry={retry} />
    </div>
  );
}

export function RoutePending() {
  return <SkeletonRows rows={14} />;
}
