// The editor's own words, which it looks up by their English.
export const phrases = {
  en: {},
  ja: {
    Completions: '入力候補',
    Diagnostics: '構文の問題',
    'No diagnostics': '問題はありません',
    close: '閉じる',
    'Control character': '制御文字',
    'Selection deleted': '選択範囲を削除しました',
  },
};
