import { useT } from '~/i18n';
import { CopyButton } from './CopyButton';
import classes from './detail.module.css';
import { ScrollPre } from './ScrollPre';

export function ExceptionBox({ exception }: { exception: { type: string; message: string; stack: string } }) {
  const t = useT();
  return (
    <section className={classes.section}>
      <h3 style={{ display: 'flex', alignItems: 'center', gap: 6 }}>
        {t.detail.exception}
        {exception.stack && <CopyButton value={exception.stack} label={t.detail.copyStack} size="xs" />}
      </h3>
      <div style={{ marginBottom: 6 }}>
        <strong className="bad">{exception.type || t.detail.exception}</strong>
        {exception.message && <span style={{ overflowWrap: 'anywhere' }}>: {exception.message}</span>}
      </div>
      {exception.stack && <ScrollPre className={classes.stack}>{exception.stack}</ScrollPre>}
    </section>
  );
}

export function Flags({ flags }: { flags: string[] | undefined }) {
  const t = useT();
  if (!flags?.length) return null;
  return (
    <div className={classes.flags}>
      {flags.map((f) => (
        <span key={f} className={classes.flag} title={t.flags[f as keyof typeof t.flags]?.[1]}>
          {t.flags[f as keyof typeof t.flags]?.[0] ?? f}
        </span>
      ))}
    </div>
  );
}
