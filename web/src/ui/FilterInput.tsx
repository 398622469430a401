// The one filter field: says where an error stands while one types, completes keys and
// values, and hands the text on with Enter. The text it was given wins over the draft.
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { filterCheckQuery, type RowSignal } from '~/api/queries';
import { useT } from '~/i18n';
import * as Fl from '~/lib/filter';
import classes from './filter.module.css';
import { Icon } from './Icon';
import { IconButton } from './IconButton';
import { useCompletions } from './useCompletions';

interface Props {
  signal: RowSignal;
  value: string;
  onSubmit: (text: string) => void;
  placeholder: string;
}

export function FilterInput({ signal, value, onSubmit, placeholder }: Props) {
  const t = useT();
  const [draft, setDraft] = useState(value);
  const [given, setGiven] = useState(value);
  if (given !== value) {
    setGiven(value);
    setDraft(value);
  }
  const input = useRef<HTMLInputElement>(null);
  const mirror = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(0);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const id = useId();

  const [settled] = useDebouncedValue(draft, 150);
  const check = useQuery({ ...filterCheckQuery(settled), enabled: settled.trim() !== '' });
  // An answer about another text would mark the wrong place.
  const error =
    settled === draft && draft.trim() !== '' && !check.isPlaceholderData ? check.data?.error : undefined;
  const start = error ? Fl.indexOfByte(draft, error.pos) : 0;
  const end = error ? Math.max(start + 1, Fl.indexOfByte(draft, error.end)) : 0;

  const place = Fl.placeAt(draft, cursor);
  const choices = useCompletions(signal, place, open);
  const shown = open && choices.length > 0;

  useEffect(() => {
    if (mirror.current && input.current) mirror.current.scrollLeft = input.current.scrollLeft;
  });

  const submit = (text: string) => {
    setOpen(false);
    setAt(-1);
    onSubmit(text.trim());
  };
  const choose = (choice: string) => {
    const next = Fl.complete(draft, place, choice);
    setDraft(next.text);
    setAt(-1);
    setOpen(true);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(next.cursor, next.cursor);
      setCursor(next.cursor);
    });
  };
  const onKey = (e: KeyboardEvent<HTMLInputElement>) => {
    // Enter ends a conversion of the input method first.
    if (e.nativeEvent.isComposing) return;
    if (e.key === 'ArrowDown' && choices.length > 0) {
      setOpen(true);
      setAt((i) => (i + 1) % choices.length);
    } else if (e.key === 'ArrowUp' && shown) setAt((i) => (i <= 0 ? choices.length - 1 : i - 1));
    else if (e.key === 'Tab' && !e.shiftKey && shown && at >= 0) choose(choices[at]!.value);
    else if (e.key === 'Enter' && shown && at >= 0) choose(choices[at]!.value);
    else if (e.key === 'Enter') submit(draft);
    else if (e.key === 'Escape') {
      if (shown) setOpen(false);
      else input.current?.blur();
    } else return;
    e.preventDefault();
  };
  const track = () => setCursor(input.current?.selectionStart ?? draft.length);

  return (
    <div className={classes.wrap}>
      <div className={classes.box} data-error={error !== undefined}>
        <span className={classes.icon}>
          <Icon name="search" size={14} />
        </span>
        <div className={classes.field}>
          <div className={classes.mirror} ref={mirror} aria-hidden="true">
            {error ? (
              <>
                {draft.slice(0, start)}
                <span className={classes.squiggle}>{draft.slice(start, end) || ' '}</span>
                {draft.slice(end)}
              </>
            ) : null}
          </div>
          <input
            ref={input}
            className={classes.input}
            data-filter-input
            type="text"
            role="combobox"
            spellCheck={false}
            autoComplete="off"
            autoCapitalize="off"
            value={draft}
            placeholder={placeholder}
            aria-label={t.filter.label}
            aria-expanded={shown}
            aria-controls={id}
            aria-invalid={error !== undefined}
            aria-describedby={error ? `${id}-error` : undefined}
            aria-activedescendant={at >= 0 && shown ? `${id}-${at}` : undefined}
            onChange={(e) => {
              setDraft(e.currentTarget.value);
              setCursor(e.currentTarget.selectionStart ?? 0);
              setOpen(true);
              setAt(-1);
            }}
            onKeyDown={onKey}
            onKeyUp={track}
            onClick={() => {
              track();
              setOpen(true);
            }}
            onScroll={(e) => {
              if (mirror.current) mirror.current.scrollLeft = e.currentTarget.scrollLeft;
            }}
            onBlur={() => setOpen(false)}
          />
        </div>
        {draft !== value && <span className={classes.hint}>{t.filter.enter}</span>}
        {draft !== '' && (
          <IconButton icon="close" size="sm" label={t.filter.clear} onClick={() => submit('')} />
        )}
      </div>
      {error && (
        <div className={classes.error} id={`${id}-error`} role="alert">
          {t.filter.errorAt(start + 1)} {error.message}
        </div>
      )}
      {shown && (
        <div className={classes.list} role="listbox" id={id} aria-label={t.filter.completions}>
          {choices.map((c, i) => (
            <div
              key={c.value}
              id={`${id}-${i}`}
              role="option"
              aria-selected={i === at}
              className={classes.option}
              // Before blur, which would close the list.
              onMouseDown={(e) => {
                e.preventDefault();
                choose(c.value);
              }}
            >
              <span className="mono ellipsis">{c.value}</span>
              {c.hint && <span className="dim nowrap">{c.hint}</span>}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
