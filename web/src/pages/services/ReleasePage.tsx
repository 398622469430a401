// A release has no page of its own yet: its address leads to its service, an hour before it
// to some hours after.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Navigate, useParams } from '@tanstack/react-router';
import { api, unwrap } from '~/api/client';
import { ErrorState } from '~/ui/ErrorState';
import { SkeletonRows } from '~/ui/SkeletonRows';

const hour = 3_600_000;

const releaseQuery = (id: string) =>
  queryOptions({
    queryKey: ['release', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/releases/{id}', { params: { path: { id } }, signal })),
  });

export function ReleasePage() {
  const { release = '' } = useParams({ strict: false }) as { release?: string };
  const q = useQuery(releaseQuery(release));
  if (q.error) return <ErrorState error={q.error} retry={() => void q.refetch()} />;
  if (!q.data) return <SkeletonRows rows={10} height={20} />;
  const at = Date.parse(q.data.at);
  return (
    <Navigate
      to="/services/$service"
      params={{ service: q.data.service }}
      search={{
        from: new Date(at - hour).toISOString(),
        to: new Date(at + 5 * hour).toISOString(),
        ...(q.data.env ? { env: q.data.env } : {}),
      }}
      replace
    />
  );
}
