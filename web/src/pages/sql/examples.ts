// Statements to begin with: they run on whatever this server has, in the page's range.
import type { Lang } from '~/lib/format';

export interface Example {
  name: string;
  sql: string;
  chart?: 'line' | 'bars';
}

const within = 'time >= {from:DateTime64(9)} AND time < {to:DateTime64(9)}';

export function examples(lang: Lang): Example[] {
  const ja = lang === 'ja';
  return [
    {
      name: ja ? 'サービスごとのリクエスト数・エラー率・p95' : 'Requests, errors and p95 of each service',
      sql: `SELECT
    service,
    count() AS requests,
    round(100 * countIf(status = 2) / count(), 2) AS error_percent,
    round(quantile(0.95)(duration) / 1e6, 1) AS p95_ms
FROM spans
WHERE ${within}
  AND kind IN (2, 5) -- ${ja ? 'サーバーとコンシューマー' : 'server and consumer'}
GROUP BY service
ORDER BY requests DESC`,
    },
    {
      name: ja ? 'ログ件数の推移（サービス別）' : 'Logs by the minute and service',
      chart: 'bars',
      sql: `SELECT toStartOfMinute(time) AS minute, service, count() AS logs
FROM logs
WHERE ${within}
GROUP BY minute, service
ORDER BY minute`,
    },
    {
      name: ja ? '遅いエンドポイント（p50・p95・p99）' : 'The slowest endpoints: p50, p95, p99',
      chart: 'bars',
      sql: `SELECT
    concat(service, ' ', endpoint) AS endpoint,
    round(quantile(0.50)(duration) / 1e6, 1) AS p50_ms,
    round(quantile(0.95)(duration) / 1e6, 1) AS p95_ms,
    round(quantile(0.99)(duration) / 1e6, 1) AS p99_ms
FROM spans
WHERE ${within} AND kind = 2 AND endpoint != ''
GROUP BY endpoint
ORDER BY p95_ms DESC
LIMIT 20`,
    },
    {
      name: ja ? 'どの属性がどれだけ付いているか' : 'Which attributes spans have, and with how many values',
      sql: `SELECT key, count() AS spans, uniq(value) AS values, topK(3)(value) AS frequent
FROM spans
ARRAY JOIN mapKeys(attributes) AS key, mapValues(attributes) AS value
WHERE ${within}
GROUP BY key
ORDER BY spans DESC
LIMIT 100`,
    },
    {
      name: ja ? '時間がかかったリクエスト 20 件' : 'The twenty longest requests',
      sql: `SELECT time, trace_id, service, name, round(duration / 1e6, 1) AS ms
FROM spans
WHERE ${within} AND parent_id = toFixedString('', 8)
ORDER BY duration DESC
LIMIT 20`,
    },
    {
      name: ja ? 'エラーの種類と件数' : 'What fails, and how often',
      chart: 'bars',
      sql: `SELECT exception_type, count() AS errors, uniq(trace_id) AS traces, max(time) AS last
FROM spans
WHERE ${within} AND exception_type != ''
GROUP BY exception_type
ORDER BY errors DESC
LIMIT 50`,
    },
  ];
}

/** firstRows asks for the newest rows of a table. */
export function firstRows(table: { name: string; columns: { name: string; type: string }[] }): string {
  const time = ['time', 'minute', 'hour', 'day'].find((n) => table.columns.some((c) => c.name === n));
  const type = table.columns.find((c) => c.name === time)?.type ?? '';
  const cast =
    type === 'Date'
      ? ['toDate({from:DateTime64(9)})', 'toDate({to:DateTime64(9)})']
      : ['{from:DateTime64(9)}', '{to:DateTime64(9)}'];
  return [
    'SELECT *',
    `FROM ${table.name}`,
    ...(time ? [`WHERE ${time} >= ${cast[0]} AND ${time} <= ${cast[1]}`, `ORDER BY ${time} DESC`] : []),
    'LIMIT 100',
  ].join('\n');
}
