// A text with a grammar: CodeMirror in our colours, with what every editor of ours has. It is
// loaded lazily, because it is larger than a page. Tab leaves the editor, as everywhere else.
import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import { drawSelection, EditorView, placeholder as ghost, keymap, lineNumbers } from '@codemirror/view';
import { tags as g } from '@lezer/highlight';
import { type RefObject, useEffect, useRef } from 'react';
import classes from './editor.module.css';

/** What is wrong, and where; positions in UTF-16 units of the text. */
export interface Wrong {
  from: number;
  to: number;
  message: string;
}

export interface Handle {
  insert: (text: string) => void;
}

export interface CodeEditorProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
  /** onRun is Ctrl or ⌘ with Enter; in an editor of one line Enter alone. */
  onRun: (text: string) => void;
  placeholder?: string;
  wrong?: Wrong | undefined;
  oneLine?: boolean;
  phrases: Record<string, string>;
  /** handle lets the page write where the cursor is. */
  handle?: RefObject<Handle | null>;
  /** language is what colours, completes and explains; the same value for the same. */
  language: Extension;
}

const colors = HighlightStyle.define([
  { tag: [g.keyword, g.operatorKeyword, g.modifier], color: 'var(--y-code-keyword)', fontWeight: '600' },
  { tag: [g.string, g.special(g.string)], color: 'var(--y-code-string)' },
  { tag: [g.number, g.bool, g.null], color: 'var(--y-code-number)' },
  { tag: [g.comment, g.lineComment, g.blockComment], color: 'var(--y-dim)', fontStyle: 'italic' },
  { tag: [g.typeName, g.standard(g.name), g.function(g.variableName)], color: 'var(--y-code-name)' },
  { tag: [g.labelName, g.special(g.brace)], color: 'var(--y-code-name)' },
]);

export default function CodeEditor(p: CodeEditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(p);
  latest.current = p;
  const language = useRef(new Compartment());
  const words = useRef(new Compartment());

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; what changes is sent to it below
  useEffect(() => {
    const run = (v: EditorView) => {
      // What might be written next must not cover the answer.
      closeCompletion(v);
      latest.current.onRun(v.state.doc.toString());
      return true;
    };
    const v = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: p.value,
        extensions: [
          Prec.highest(
            keymap.of([
              { key: 'Mod-Enter', run },
              ...(p.oneLine
                ? [{ key: 'Enter', run: (e: EditorView) => acceptCompletion(e) || run(e), shift: run }]
                : []),
              { key: 'Tab', run: acceptCompletion },
            ]),
          ),
          ...(p.oneLine ? [] : [lineNumbers()]),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false, maxRenderedOptions: 60 }),
          syntaxHighlighting(colors),
          EditorView.lineWrapping,
          keymap.of([
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...historyKeymap,
            ...completionKeymap,
            ...lintKeymap,
          ]),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) latest.current.onChange(u.state.doc.toString());
          }),
          words.current.of(wordsOf(p)),
          language.current.of(p.language),
        ],
      }),
    });
    view.current = v;
    const { handle } = p;
    if (handle)
      handle.current = {
        insert: (text) => {
          v.dispatch(v.state.replaceSelection(text));
          v.focus();
        },
      };
    return () => {
      view.current = null;
      if (handle) handle.current = null;
      v.destroy();
    };
  }, []);

  useEffect(() => {
    const v = view.current;
    if (v && v.state.doc.toString() !== p.value)
      v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: p.value } });
  }, [p.value]);
  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(p.language) });
  }, [p.language]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: of p these are what it reads
  useEffect(() => {
    view.current?.dispatch({ effects: words.current.reconfigure(wordsOf(p)) });
  }, [p.label, p.placeholder, p.phrases]);
  const { wrong } = p;
  useEffect(() => {
    const v = view.current;
    if (!v) return;
    const n = v.state.doc.length;
    const all: Diagnostic[] = wrong
      ? [
          {
            from: Math.min(wrong.from, n),
            to: Math.min(Math.max(wrong.to, wrong.from + 1), n),
            message: wrong.message,
            severity: 'error',
          },
        ]
      : [];
    v.dispatch(setDiagnostics(v.state, all));
  }, [wrong]);

  return <div ref={box} className={`${classes.editor} ${p.oneLine ? classes.oneLine : classes.block}`} />;
}

function wordsOf(p: CodeEditorProps): Extension {
  return [
    EditorView.contentAttributes.of({ 'aria-label': p.label, spellcheck: 'false', 'data-filter-input': '' }),
    EditorState.phrases.of(p.phrases),
    p.placeholder ? ghost(p.placeholder) : [],
  ];
}
