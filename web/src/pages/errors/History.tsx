import { Button, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTexts } from '~/i18n';
import { Ago } from '~/ui/Ago';
import classes from './errors.module.css';
import type { ErrorEvent } from './errors.queries';
import { texts } from './errors.texts';

interface Props {
  events: ErrorEvent[];
  decides: boolean;
  pending: boolean;
  onComment: (note: string) => void;
}

export function History({ events, decides, pending, onComment }: Props) {
  const t = useTexts(texts);
  const [note, setNote] = useState('');
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (note.trim() === '') return;
    onComment(note.trim());
    setNote('');
  };
  return (
    <section className={classes.box}>
      <h2>{t.history}</h2>
      {decides && (
        <form onSubmit={submit} className={classes.comment}>
          <Textarea
            autosize
            minRows={1}
            maxLength={2000}
            aria-label={t.comment}
            placeholder={t.commentHint}
            value={note}
            onChange={(e) => setNote(e.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={pending} disabled={note.trim() === ''}>
            {t.comment}
          </Button>
        </form>
      )}
      {events.length === 0 ? (
        <p className="dim">{t.noHistory}</p>
      ) : (
        <ul className={classes.history}>
          {events.map((e) => (
            <li key={`${e.time}${e.action}`}>
              <div>
                {e.action !== 'return' && e.action !== 'wake_up' && <strong>{e.by || t.yagura}</strong>}{' '}
                {t.actions[e.action]}
                <span className="dim">
                  {' · '}
                  <Ago time={e.time} compact />
                </span>
              </div>
              {e.text && <div className={classes.note}>{e.text}</div>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
