// The lines of source that a frame, a function, a statement or a route speaks of. Nothing is
// asked before it is opened; where several places fit, all of them are offered.
import { Button, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useId, useState } from 'react';
import { ApiError } from '~/api/client';
import { useTexts } from '~/i18n';
import { count } from '~/lib/format';
import { CopyButton } from '~/ui/CopyButton';
import { ErrorState } from '~/ui/ErrorState';
import { Icon } from '~/ui/Icon';
import { ScrollPre } from '~/ui/ScrollPre';
import { SkeletonRows } from '~/ui/SkeletonRows';
import classes from './code.module.css';
import { type Candidate, locateQuery, type Place, type Ran, useReadsCode } from './code.queries';
import { texts } from './code.texts';
import type { Clue } from './frame';
import { ToRepositories } from './ToRepositories';

interface Props {
  ran: Ran;
  clue: Clue | undefined;
  /** opened and onOpen are given by those who open it from elsewhere too. */
  opened?: boolean;
  onOpen?: (opened: boolean) => void;
  /** heading is the level that fits where it stands. */
  heading?: 'h2' | 'h3';
  className?: string | undefined;
}

/** SourceLines is a section that opens; for those who may not read source it is not there. */
export function SourceLines({ ran, clue, opened, onOpen, heading: H = 'h2', className }: Props) {
  const t = useTexts(texts);
  const reads = useReadsCode();
  const id = useId();
  const [own, setOwn] = useState(false);
  const open = opened ?? own;
  const q = useQuery({ ...locateQuery(ran, clue ?? {}), enabled: open && reads && clue !== undefined });
  if (!reads || !clue || (q.error instanceof ApiError && q.error.status === 403)) return null;
  const what = nameOf(clue);
  return (
    <section className={className} aria-labelledby={id}>
      <div className={classes.head}>
        <H id={id}>{t.source}</H>
        <Button
          size="compact-xs"
          variant="light"
          leftSection={<Icon name="code" size={12} />}
          aria-expanded={open}
          onClick={() => (onOpen ?? setOwn)(!open)}
        >
          {open ? t.hide : t.show}
        </Button>
        <span className="mono dim ellipsis" title={what}>
          {what}
        </span>
      </div>
      {open && (
        <div role="region" aria-label={t.of(what)} aria-live="polite">
          {q.data ? (
            <PlaceView key={what} place={q.data} />
          ) : q.error ? (
            <Missing error={q.error} retry={() => void q.refetch()} />
          ) : (
            <>
              <p className={classes.quiet}>{t.loading}</p>
              <SkeletonRows rows={5} />
            </>
          )}
        </div>
      )}
    </section>
  );
}

/** What is looked for, in the words of who told it. */
function nameOf(c: Clue): string {
  if (c.statement) return c.statement.replace(/\s+/g, ' ').slice(0, 120);
  if (c.route) return `${c.method ?? ''} ${c.route}`.trim();
  const file = c.file ? `${c.file.split(/[\\/]/).slice(-2).join('/')}${c.line ? `:${c.line}` : ''}` : '';
  return [c.function, file].filter(Boolean).join(' · ');
}

/** Nobody has said what the service is built from: no failure, only not set up. */
function Missing({ error, retry }: { error: unknown; retry: () => void }) {
  if (error instanceof ApiError && error.status === 404)
    return (
      <p className={classes.quiet}>
        {error.message} <ToRepositories />
      </p>
    );
  return <ErrorState error={error} retry={retry} />;
}

function PlaceView({ place: p }: { place: Place }) {
  const t = useTexts(texts);
  const first = p.candidates[0];
  return (
    <div className={classes.place}>
      <div className={classes.facts}>
        <strong>
          {p.repository}
          {p.folder && <span className="dim"> / {p.folder}</span>}
        </strong>
        <span className="nowrap" title={p.commit}>
          {t.commit} <span className="mono">{p.commit.slice(0, 7)}</span>
        </span>
        <CopyButton value={p.commit} size="xs" />
        <span className={classes.badge} data-moved={!p.exact} title={p.exact ? t.exactHint : t.movedHint}>
          {p.exact ? t.exact : t.moved}
        </span>
        <span className={classes.why}>{p.commit_why}</span>
      </div>
      {!first ? (
        <p className={classes.left}>
          {t.none(count(p.files))} {p.skipped > 0 && t.skipped(count(p.skipped))}
        </p>
      ) : p.candidates.length === 1 ? (
        <One candidate={first} />
      ) : (
        <>
          <p className={classes.several}>{t.several}</p>
          <Tabs defaultValue="0" keepMounted={false}>
            <Tabs.List aria-label={t.candidates}>
              {p.candidates.map((c, i) => (
                <Tabs.Tab key={`${c.path}:${c.line}`} value={String(i)} title={c.path}>
                  {short(c)} <span className="dim">({t.trust[c.trust]})</span>
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {p.candidates.map((c, i) => (
              <Tabs.Panel key={`${c.path}:${c.line}`} value={String(i)}>
                <One candidate={c} />
              </Tabs.Panel>
            ))}
          </Tabs>
        </>
      )}
      {p.left > 0 && <p className={classes.left}>{t.left(count(p.left))}</p>}
    </div>
  );
}

const short = (c: Candidate) => `${c.path.split('/').slice(-2).join('/')}:${c.line}`;

function One({ candidate: c }: { candidate: Candidate }) {
  const t = useTexts(texts);
  const fact = (label: string, value: ReactNode) => (
    <span>
      <span className="dim">{label}</span> {value}
    </span>
  );
  return (
    <>
      <div className={classes.candidate}>
        <span className={classes.path}>
          {c.path}:{c.line}
        </span>
        <CopyButton value={`${c.path}:${c.line}`} label={t.copyPath} size="xs" />
        {c.owners.length > 0 && fact(t.owners, c.owners.join(', '))}
        {c.link && (
          <a href={c.link} target="_blank" rel="noreferrer">
            {t.github}
          </a>
        )}
        <span className={classes.reason}>
          <strong>{t.trust[c.trust]}</strong> <span className="dim">{c.reason}</span>
        </span>
      </div>
      <ScrollPre className={classes.lines}>
        <code className={classes.code}>
          {c.lines.map((text, i) => {
            const n = c.from + i;
            return (
              <span key={n} className={classes.line} data-hit={n === c.line}>
                <span className={classes.number}>
                  {n}
                  {n === c.line && <span className="visually-hidden"> ({t.hit})</span>}
                </span>
                <span>
                  {text || ' '}
                  {'\n'}
                </span>
              </span>
            );
          })}
        </code>
      </ScrollPre>
    </>
  );
}
