// What happened during the range, on one strip over a chart: each mark has a shape of its
// own beside its colour, and leads to its page. A page gives its marks once, to all of its
// charts.
import { Menu } from '@mantine/core';
import { useRouter } from '@tanstack/react-router';
import { createContext, type MouseEvent, type ReactNode, useContext } from 'react';
import { useI18n, useTexts } from '~/i18n';
import * as T from '~/lib/time';
import classes from './chart.module.css';
import { clustersOf, LEFT, type Mark, type MarkKind, RIGHT } from './data';
import { texts } from './texts';

const none: readonly Mark[] = [];
const Context = createContext<readonly Mark[]>(none);

/** Marks puts what happened on all charts within. */
export function Marks({ marks, children }: { marks: readonly Mark[]; children: ReactNode }) {
  return <Context value={marks}>{children}</Context>;
}

export const useMarks = () => useContext(Context);

const shapes: Record<MarkKind, string> = {
  release: '▲',
  alert: '◆',
  incident: '■',
  maintenance: '▬',
  decision: '●',
};

export function MarkStrip({ fromMs, toMs, width }: { fromMs: number; toMs: number; width: number }) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const open = useOpen();
  const marks = useMarks().filter((m) => m.time >= fromMs && m.time < toMs);
  if (marks.length === 0) return null;
  const plot = width - LEFT - RIGHT;
  const place = (ms: number) => LEFT + ((ms - fromMs) / (toMs - fromMs)) * plot;
  const say = (m: Mark) => `${t.kinds[m.kind]}: ${m.title} · ${T.full(m.time, lang, false)}`;
  return (
    <ul className={classes.strip} aria-label={t.marks}>
      {clustersOf(marks, place, 16).map(({ x, marks: ms }) => (
        <li key={`${ms[0]!.time}${ms[0]!.title}`} style={{ left: x }}>
          {ms.length === 1 ? (
            <One mark={ms[0]!} text={say(ms[0]!)} />
          ) : (
            <Menu position="bottom">
              <Menu.Target>
                <button type="button" className="plain" aria-label={t.several(String(ms.length))}>
                  <span data-kind={worst(ms)}>{shapes[worst(ms)]}</span>
                  {ms.length}
                </button>
              </Menu.Target>
              <Menu.Dropdown>
                {ms.map((m) =>
                  m.href ? (
                    <Menu.Item key={`${m.time}${m.title}`} component="a" {...open(m.href)}>
                      {shapes[m.kind]} {say(m)}
                    </Menu.Item>
                  ) : (
                    <Menu.Item key={`${m.time}${m.title}`}>
                      {shapes[m.kind]} {say(m)}
                    </Menu.Item>
                  ),
                )}
              </Menu.Dropdown>
            </Menu>
          )}
        </li>
      ))}
    </ul>
  );
}

function One({ mark, text }: { mark: Mark; text: string }) {
  const open = useOpen();
  const shape = (
    <>
      <span data-kind={mark.kind} aria-hidden="true">
        {shapes[mark.kind]}
      </span>
      <span className="visually-hidden">{text}</span>
    </>
  );
  return mark.href ? (
    <a title={text} {...open(mark.href)}>
      {shape}
    </a>
  ) : (
    <span title={text}>{shape}</span>
  );
}

const order: MarkKind[] = ['incident', 'alert', 'release', 'maintenance', 'decision'];

function worst(marks: readonly Mark[]): MarkKind {
  return order.find((k) => marks.some((m) => m.kind === k))!;
}

/** useOpen gives a link what it needs to stay within the application. */
function useOpen() {
  const router = useRouter();
  return (href: string) => ({
    href,
    onClick: (e: MouseEvent) => {
      if (e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
      e.preventDefault();
      router.history.push(href);
    },
  });
}
