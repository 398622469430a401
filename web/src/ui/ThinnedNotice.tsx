// Says when not all rows of the range are there any more, so that counts are not mistaken.
import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, unwrap } from '~/api/client';
import { Icon } from './Icon';

interface Props {
  signal: 'logs' | 'spans';
  query: { from: string; to: string; env?: string };
}

export function ThinnedNotice({ signal, query: { from, to, env } }: Props) {
  const q = useQuery({
    queryKey: ['retention', 'thinned', signal, from, to, env ?? ''],
    queryFn: ({ signal: abort }) =>
      unwrap(
        api.GET('/api/v1/retention/thinned', {
          params: { query: { signal, from, to, ...(env ? { env } : {}) } },
          signal: abort,
        }),
      ),
    staleTime: 60_000,
  });
  if (!q.data || q.data.whole) return null;
  return (
    <Alert color="blue" variant="light" p="xs" mb="xs" icon={<Icon name="info" />} role="note">
      {q.data.text}
    </Alert>
  );
}
