// Who is looking. Pages inside the shell always have a session; without one they give
// way to the sign-in page, and on a new server to a word about the setup link.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { createContext, type ReactNode, useContext, useEffect, useRef } from 'react';
import { whenUnauthenticated } from '~/api/client';
import { sessionQuery } from '~/api/queries';
import type { Session } from '~/api/types';
import { useI18n } from '~/i18n';
import { Empty } from '~/ui/Empty';
import { ErrorState } from '~/ui/ErrorState';
import { SkeletonRows } from '~/ui/SkeletonRows';

const Context = createContext<Session | null>(null);

export function useSession(): Session {
  const s = useContext(Context);
  if (!s) throw new Error('useSession outside SessionGate');
  return s;
}

/** May the reader change users and tokens of others? */
export function useIsAdmin(): boolean {
  const s = useSession();
  return s.auth === 'none' || s.user?.role === 'admin';
}

/** May the reader see who changed what? */
export function useReadsAudit(): boolean {
  const s = useSession();
  return s.auth === 'none' || s.user?.role === 'admin' || s.user?.role === 'lead';
}

export function SessionGate({ children }: { children: ReactNode }) {
  const { t, lang, setLang } = useI18n();
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(sessionQuery);

  useEffect(() => {
    whenUnauthenticated(() => void client.invalidateQueries({ queryKey: sessionQuery.queryKey }));
  }, [client]);

  // The language that the user saved wins over the browser's, once per sign-in.
  const adopted = useRef<string | undefined>(undefined);
  const user = data?.user;
  useEffect(() => {
    if (!user || adopted.current === user.id) return;
    adopted.current = user.id;
    if ((user.lang === 'ja' || user.lang === 'en') && user.lang !== lang) setLang(user.lang);
  }, [user, lang, setLang]);

  if (error && !data) {
    return (
      <main style={{ padding: 24 }}>
        <ErrorState error={error} retry={() => void refetch()} />
      </main>
    );
  }
  if (!data) return <SkeletonRows rows={6} />;
  if (!data.user && data.auth !== 'none') {
    if (data.setup_needed) {
      return (
        <main style={{ padding: 24 }}>
          <Empty title={t.auth.setupNeeded} text={t.auth.setupNeededText} />
        </main>
      );
    }
    return <ToSignIn />;
  }
  return <Context value={data}>{children}</Context>;
}

/** Goes to the sign-in page, once: this stays mounted until that page has been loaded, and
 * by then the address is its own. */
function ToSignIn() {
  const router = useRouter();
  const gone = useRef(false);
  useEffect(() => {
    if (gone.current) return;
    gone.current = true;
    const next = router.history.location.href;
    void router.navigate({ to: '/signin', search: { next }, replace: true });
  }, [router]);
  return <SkeletonRows rows={6} />;
}
