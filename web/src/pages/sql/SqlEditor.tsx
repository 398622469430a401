// The editor of statements: a chunk of its own.
import { useMemo } from 'react';
import { useI18n, useTexts } from '~/i18n';
import CodeEditor, { type CodeEditorProps } from '~/ui/editor/CodeEditor';
import { phrases } from '~/ui/editor/phrases';
import { clickhouse, type TableOf } from './language';
import { texts } from './sql.texts';

interface Props extends Omit<CodeEditorProps, 'language' | 'phrases'> {
  tables: readonly TableOf[];
}

export default function SqlEditor({ tables, ...p }: Props) {
  const t = useTexts(texts);
  const { lang } = useI18n();
  const language = useMemo(() => clickhouse(tables, { from: t.rangeFrom, to: t.rangeTo }), [tables, t]);
  return <CodeEditor {...p} language={language} phrases={phrases[lang]} />;
}
