// The names of what services call.
import { useTexts } from '~/i18n';
import { ServiceLink } from '~/ui/EntityLink';
import { PageLink } from '~/ui/PageLink';
import { texts } from './service.texts';
import classes from './services.module.css';
import type { Call, Edge } from './services.queries';

/** PeerName is the far end of an edge: a service's page where it is one. */
export function PeerName({ edge: e, consumed = false }: { edge: Edge; consumed?: boolean }) {
  const t = useTexts(texts);
  const kind = t.peerKinds[e.peer.kind] ?? e.peer.kind;
  if (e.to && !consumed && !e.consumes)
    return <ServiceLink service={e.to} env={e.to_env} className={classes.name} title={e.peer.name} />;
  const stored = e.peer.kind === 'db' || e.peer.kind === 'cache';
  const behind = e.behind.map((b) => b.service).join(', ');
  return (
    <>
      {stored ? (
        <PageLink to="/databases" search={{ peer: e.peer.name }} className={classes.name}>
          {e.peer.name}
        </PageLink>
      ) : (
        <span className={classes.name}>{e.peer.name}</span>
      )}
      <span className={classes.kind}>{kind}</span>
      {behind && <span className={classes.kind}>{t.behind(behind)}</span>}
    </>
  );
}

/** CallName is a statement or an operation, and where it goes. */
export function CallName({ call: c, statement }: { call: Call; statement: boolean }) {
  const t = useTexts(texts);
  return (
    <span className={classes.call}>
      {statement ? (
        <PageLink
          to="/databases"
          search={{ peer: c.peer.name, shape: c.shape }}
          className="mono"
          title={c.text}
        >
          {c.text}
        </PageLink>
      ) : (
        <span className="mono" title={c.text}>
          {c.text}
        </span>
      )}
      <span className={classes.kind}>
        {c.peer.name} · {t.peerKinds[c.peer.kind] ?? c.peer.kind}
      </span>
    </span>
  );
}
