// Generated metrics and status pages.
import { iso, random, services } from './data.mjs';

export const metricNames = [
  {
    name: 'http_server_request_duration_seconds',
    type: 'histogram',
    unit: 's',
    help: 'Duration of HTTP server requests.',
    series: 48,
  },
  {
    name: 'http_server_active_requests',
    type: 'gauge',
    unit: '{request}',
    help: 'Number of active HTTP server requests.',
    series: 12,
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    unit: 's',
    help: 'Total user and system CPU time spent.',
    series: 9,
  },
  { name: 'jvm_memory_used_bytes', type: 'gauge', unit: 'By', help: 'Measure of memory used.', series: 64 },
  {
    name: 'nodejs_eventloop_delay_p99_seconds',
    type: 'gauge',
    unit: 's',
    help: 'Event loop 99 percentile delay.',
    series: 3,
  },
  { name: 'db_client_connections_usage', type: 'gauge', unit: '{connection}', help: '', series: 10 },
];

export function metricRange(query, from, to, step) {
  if (!query || /\($/.test(query))
    throw [
      422,
      'invalid',
      'parse error: unclosed left parenthesis',
      [
        {
          location: 'query',
          message: 'unclosed left parenthesis',
          pos: (query ?? '').length - 1,
          end: (query ?? '').length,
        },
      ],
    ];
  const m = /^(\d+)(ms|s|m|h)$/.exec(step ?? '');
  const every = m ? Number(m[1]) * { ms: 1, s: 1e3, m: 6e4, h: 36e5 }[m[2]] : 15e3;
  const series = services.slice(0, 7).map((s, k) => {
    const r = random(k * 31 + query.length);
    const points = [];
    let v = 20 + r() * 60;
    for (let t = Math.ceil(from / every) * every; t <= to; t += every) {
      v = Math.max(0.5, v + (r() - 0.5) * 6);
      const gap = k === 2 && t > from + (to - from) * 0.4 && t < from + (to - from) * 0.5;
      if (!gap) points.push([t, v]);
    }
    return { labels: { service_name: s, deployment_environment_name: 'production' }, points };
  });
  return { type: 'matrix', step_ns: every * 1e6, series, warnings: [] };
}

export function status(mode) {
  const broken = mode === 'broken';
  return {
    version: 'dev',
    started_at: iso(BigInt(Date.now() - 93_600_000) * 1_000_000n),
    uptime_ns: 93_600e9,
    healthy: !broken,
    problems: broken
      ? [
          {
            severity: 'error',
            text: 'エンジンが停止しています。受信したデータは WAL に保管し、起動後に保存します。',
          },
          { severity: 'warning', text: 'The disk will be full in about 6 hours.' },
        ]
      : [],
    engine: {
      phase: broken ? 'backoff' : 'ready',
      pid: 4242,
      since: iso(BigInt(Date.now() - 4e6) * 1_000_000n),
      restarts: broken ? 3 : 0,
      last_error: broken ? 'signal: killed' : '',
      rss_bytes: 812e6,
      kind: 'embedded',
    },
    wal: ['logs', 'spans', 'metrics'].map((signal, i) => ({
      signal,
      bytes: broken ? 7.9e9 : 1.2e6 * (i + 1),
      limit_bytes: 8e9,
      blocks: broken ? 812 : i + 1,
      lag_ns: broken ? 421e9 : 640e6,
      state: broken ? 'retrying' : 'ok',
      rows: 812_000 * (i + 1),
      refused: 0,
      quarantined: broken ? i : 0,
      retries: broken ? 12 : 0,
      last_error: broken ? 'dial unix: connection refused' : '',
    })),
    disk: { free_bytes: broken ? 3e9 : 212e9, total_bytes: 500e9, data_bytes: 61e9 },
  };
}

export function ingest(mode) {
  const now = Date.now();
  const broken = mode === 'broken';
  if (mode === 'empty') return { sources: [], refusals: [], quarantine: [], transports: [], redactions: [] };
  return {
    sources: services.flatMap((service, k) =>
      ['logs', 'spans', 'metrics'].slice(0, 1 + (k % 3)).map((signal, i) => ({
        service,
        env: 'production',
        signal,
        rows: 12000 * (k + 1) * (i + 1),
        last_seen: iso(BigInt(now - k * 900) * 1_000_000n),
        rows_per_second: 3.4 * (k + 1) * (i + 1),
      })),
    ),
    refusals: broken
      ? [
          {
            signal: 'logs',
            service: 'search',
            reason: 'too_many_attributes',
            stored: true,
            retried: false,
            text: '属性が多すぎます（上限 256、送信 1,024）',
            count: 812,
            first: iso(BigInt(now - 3e6) * 1_000_000n),
            last: iso(BigInt(now - 2e4) * 1_000_000n),
            example: '{"body":"query plan","attributes":{"k0001":"…","k0002":"…"}}',
          },
        ]
      : [],
    quarantine: broken
      ? [
          {
            id: 'q1',
            signal: 'spans',
            time: iso(BigInt(now - 6e5) * 1_000_000n),
            rows: 1,
            reason: 'Code: 621. Cannot parse',
            example: '{"name":"GET /\\ud800"}',
          },
        ]
      : [],
    redactions: [
      { rule: 'authorization', count: 812 },
      { rule: 'card', count: 3 },
    ],
    transports: ['grpc', 'http'].flatMap((transport) =>
      ['logs', 'spans', 'metrics'].map((signal, i) => ({
        transport,
        signal,
        requests: 4000 * (i + 1),
        rows: 260000 * (i + 1),
        bytes: 71e6 * (i + 1),
        refused: broken && transport === 'http' && i === 0 ? 812 : 0,
      })),
    ),
  };
}

export function storage() {
  const out = [];
  for (let d = 0; d < 9; d++) {
    const day = new Date(Date.now() - d * 864e5).toISOString().slice(0, 10);
    for (const [signal, rows, size] of [
      ['logs', 4.2e6, 62],
      ['spans', 9.1e6, 48],
      ['metrics', 2.2e7, 1.6],
    ]) {
      const r = random(d * 3 + rows)();
      out.push({
        day,
        signal,
        rows: Math.round(rows * (0.6 + r)),
        bytes: Math.round(rows * (0.6 + r) * size),
        parts: 3 + Math.floor(r * 8),
      });
    }
  }
  return out;
}
