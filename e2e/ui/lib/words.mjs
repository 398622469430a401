// What the tests expect to read, written out here on purpose: a text that the product
// changes by mistake must not change here with it.
export const words = {
  en: {
    services: 'Services', logs: 'Logs', traces: 'Traces', metrics: 'Metrics', errors: 'Errors', status: 'Status', settings: 'Settings',
    account: 'Account', users: 'Users', tokens: 'Tokens', audit: 'Audit log', durations: 'Durations',
    logsOverTime: 'Logs over time by level', durationMap: 'Durations of all matching spans over time',
    compare: 'Compare with', weekBefore: 'Week before',
    signIn: 'Sign in to Yagura', signInButton: 'Sign in', setup: 'Set up Yagura', setupButton: 'Create and begin',
    name: 'Name', email: 'E-mail address', password: 'Password', repeat: 'Password again',
    wrong: /(password|e-mail).*(wrong|not right|incorrect|do not match)/i, signOut: 'Sign out',
    language: 'Language', languages: { ja: '日本語', en: 'English' },
    scheme: 'Colour scheme', schemes: { light: 'Light', dark: 'Dark' },
    list: 'Log rows, newest first', log: 'Log', traceList: 'Traces, newest first', values: 'Values', filter: 'Filter',
    errorAt: (n) => `At character ${n}:`,
    addToken: 'Create a token', tokenReady: 'The token is ready', deleteToken: 'Revoke the token', revoked: 'revoked',
    from: 'From',
    empty: 'No service has sent anything in this time range',
    noLogs: 'No logs in this time range', noTraces: 'No traces in this time range', noMetrics: 'No metrics yet',
    newServer: 'This server is new', waterfall: 'Waterfall', table: 'Table', critical: 'Critical path',
    onCritical: 'On the critical path', expand: 'Expand all', find: 'Find in this trace', span: 'Span', spans: 'spans',
    openTrace: 'Open the trace', permalink: 'Copy a permanent link', copied: 'Copied', copy: 'Copy',
    tail: 'Live tail', tailOpen: 'Live: new logs appear as they arrive.', stopTail: 'Stop tail',
    help: 'Keyboard and filter', palette: 'Search and commands', openTraceOf: (id) => `Open trace ${id}`,
    fine: 'Everything works.', ingest: 'What comes in',
  },
  ja: {
    services: 'サービス', logs: 'ログ', traces: 'トレース', metrics: 'メトリクス', errors: 'エラー', status: '稼働状況', settings: '設定',
    account: 'アカウント', users: 'ユーザー', tokens: 'トークン', audit: '監査ログ', durations: '所要時間',
    signIn: 'Yagura にサインイン', signInButton: 'サインイン', setup: 'Yagura の初期設定', setupButton: '作成して始める',
    name: '名前', email: 'メールアドレス', password: 'パスワード', repeat: 'パスワード（確認）',
    wrong: /パスワードが正しくありません/, signOut: 'サインアウト',
    language: '言語', languages: { ja: '日本語', en: 'English' },
    scheme: '配色', schemes: { light: 'ライト', dark: 'ダーク' },
    values: '値の内訳', filter: 'フィルタ', errorAt: (n) => `${n}文字目:`,
    addToken: 'トークンを発行', tokenReady: 'トークンを発行しました', deleteToken: 'トークンを無効化', revoked: '無効', from: '開始',
    help: 'キー操作とフィルタ',
    empty: 'この期間にデータを送信したサービスはありません', newServer: '初期設定が必要です',
  },
};

const japanese = /[\u3040-\u30ff\u3400-\u9fff]/;
const english =
  /\b(Services?|Logs?|Traces?|Metrics?|Status|Settings|Account|Users?|Tokens?|Search|Filter|Live|Paused|Time|Last|Copy|Create|Close|Show|Hide|Environments?|Errors?|Requests?|Duration|Refresh|Language|Sign|Password|Everything|Engine|Write-ahead|Stored|Nothing|Choose|Version|Name|Role|the|of)\b/;

/**
 * foreign are the words of the shell and of the page's own furniture that are in the
 * other language. What was sent, and the names of languages, may be in any.
 */
export async function foreign(page, lang) {
  const texts = await page.evaluate(() => {
    const data = '[role="row"] [role="cell"], [role="gridcell"], td, code, pre, [lang], aside section, option';
    const own = document.querySelectorAll('button, a, th, h1, h2, h3, p, label, legend, [role="columnheader"], [role="tab"], [role="status"]');
    const found = [document.title];
    for (const el of own) if (!el.closest(data.replace(', [lang]', ', main [lang]'))) found.push(el.innerText ?? '');
    for (const el of document.querySelectorAll('[placeholder], [aria-label]'))
      if (!el.closest(data)) found.push(el.getAttribute('placeholder') ?? '', el.getAttribute('aria-label') ?? '');
    return found.map((s) => s.trim()).filter(Boolean);
  });
  const names = /^(日本語|English|EN|JA)$/;
  const other = lang === 'en' ? japanese : english;
  return texts.filter((s) => !names.test(s) && other.test(s));
}
