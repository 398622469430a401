// A plain field in the place of an editor that is still loading: nothing jumps when that is
// there, and one can already type.
import type { CodeEditorProps } from './CodeEditor';
import classes from './editor.module.css';

export function PlainEditor(p: Omit<CodeEditorProps, 'language' | 'phrases' | 'wrong' | 'handle'>) {
  return (
    <textarea
      className={`${classes.editor} ${classes.plain} ${p.oneLine ? classes.oneLine : classes.block}`}
      aria-label={p.label}
      data-filter-input
      rows={p.oneLine ? 1 : 6}
      spellCheck={false}
      placeholder={p.placeholder}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
      onKeyDown={(e) => {
        if (e.nativeEvent.isComposing || e.key !== 'Enter' || !(p.oneLine || e.ctrlKey || e.metaKey)) return;
        e.preventDefault();
        p.onRun(e.currentTarget.value);
      }}
    />
  );
}
