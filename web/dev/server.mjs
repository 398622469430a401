// A server with generated data that speaks enough of the API to work on the interface
// without the real one: `npm run fixtures`, then `npm run dev`.
//   YAGURA_FIXTURES=empty   nothing has been sent yet
//   YAGURA_FIXTURES=auth    sign-in is asked for (any password of 12 characters)
//   YAGURA_FIXTURES=broken  things need attention
import { createServer } from 'node:http';
import * as data from './data.mjs';
import { check, matcher, value } from './filter.mjs';
import { ingest, metricNames, metricRange, status, storage } from './more.mjs';

const mode = process.env.YAGURA_FIXTURES ?? '';
const port = Number(process.env.PORT ?? 7700);
const ms = (s) => {
  if (!s || s === 'now') return Date.now();
  const m = /^-(\d+)(s|m|h|d)$/.exec(s);
  return m
    ? Date.now() - Number(m[1]) * { s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[m[2]]
    : Date.parse(s.replace(/(\.\d{3})\d+/, '$1'));
};
const users = [
  {
    id: 'u1',
    name: '山田 花子',
    email: 'hanako@example.com',
    role: 'admin',
    lang: '',
    created: '2026-11-01T00:00:00Z',
  },
  {
    id: 'u2',
    name: 'Alex Kim',
    email: 'alex@example.com',
    role: 'member',
    lang: 'en',
    created: '2026-11-10T03:00:00Z',
  },
];
let tokens = [
  {
    id: 't1',
    name: '本番の Collector',
    kind: 'ingest',
    role: '',
    created: '2026-11-02T00:00:00Z',
    used: new Date().toISOString(),
  },
];
let signedIn = mode !== 'auth';

/** Rows of a range, newest first, thinned out when the range is long. */
function rows(signal, q) {
  if (mode === 'empty') return [];
  const from = ms(q.get('from') ?? '-1h');
  const to = Math.min(ms(q.get('to')), Date.now());
  const match = matcher(q.get('filter'));
  const env = q.get('env');
  const unit = signal === 'logs' ? 500 : 2000;
  const thin = Math.max(1, Math.ceil((to - from) / unit / 30_000));
  const out = [];
  for (let n = Math.floor(to / unit); n * unit >= from - unit; n -= thin) {
    const row = signal === 'logs' ? data.log(n) : spanRow(n);
    const t = Date.parse(`${row.time.slice(0, 23)}Z`);
    if (t < from || t >= to + (to === from ? 1 : 0) || (env && row.env !== env)) continue;
    if (match(row)) out.push({ row, n });
  }
  return out;
}

function spanRow(no) {
  const t = data.traceSummary(no);
  return {
    ...t,
    id: String(no),
    env: 'production',
    service: t.root_service || 'gateway',
    name: t.root_name,
    kind: 'server',
    status: t.root_status,
    attributes: { 'http.response.status_code': t.root_http_status, 'http.route': t.root_name.split(' ')[1] },
    resource: {},
  };
}

function page(list, q, shape = (x) => x.row) {
  const after = q.get('after');
  const limit = Number(q.get('limit') ?? 100);
  const start = after ? list.findIndex((x) => x.n < Number(after)) : 0;
  const items = start < 0 ? [] : list.slice(start, start + limit);
  const more = start >= 0 && list.length > start + limit;
  return { items: items.map(shape), next: more ? String(items[items.length - 1].n) : '' };
}

function histogram(signal, q) {
  const from = ms(q.get('from') ?? '-1h');
  const to = ms(q.get('to'));
  const want = (to - from) / Number(q.get('buckets') ?? 60);
  const step = [1e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 18e5, 36e5, 216e5, 864e5].find((s) => s >= want) ?? 864e5;
  const by = new Map();
  for (const { row } of rows(signal, q)) {
    const t = Math.floor(Date.parse(`${row.time.slice(0, 23)}Z`) / step) * step;
    const c = by.get(t) ?? {};
    const k = signal === 'logs' ? row.level : row.status;
    c[k] = (c[k] ?? 0) + 1;
    by.set(t, c);
  }
  return {
    step_ns: step * 1e6,
    buckets: [...by]
      .sort((a, b) => a[0] - b[0])
      .map(([t, counts]) => ({ time: new Date(t).toISOString(), counts })),
  };
}

function durations(q) {
  const bounds = [0];
  for (let k = 3; k < 13; k++)
    for (const n of [1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8]) bounds.push(Math.round(n * 10 ** k));
  bounds.push(1e13);
  const { step_ns } = histogram('spans', q);
  const cells = new Map();
  for (const { row } of rows('spans', q)) {
    const t = Math.floor((Date.parse(`${row.time.slice(0, 23)}Z`) * 1e6) / step_ns) * (step_ns / 1e6);
    const b = bounds.findLastIndex((n) => row.duration_ns >= n);
    const c = cells.get(`${t} ${b}`) ?? [t, b, 0, 0];
    c[2]++;
    if (row.status === 'error') c[3]++;
    cells.set(`${t} ${b}`, c);
  }
  return {
    step_ns,
    bounds_ns: bounds,
    cells: [...cells.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]),
  };
}

const facetKeys = {
  logs: [
    'level',
    'service',
    'env',
    'host',
    'exception.type',
    'http.route',
    'http.request.method',
    'http.response.status_code',
    'user.id',
  ],
  spans: ['service', 'env', 'name', 'kind', 'status', 'http.route', 'http.response.status_code'],
};

function facets(signal, q) {
  const keys = q.get('keys')?.split(',') ?? facetKeys[signal];
  const list = rows(signal, q);
  return {
    items: keys.map((key) => {
      const counts = new Map();
      for (const { row } of list) {
        const v = key === 'exception.type' ? (row.exception?.type ?? '') : value(row, key);
        if (v !== '') counts.set(v, (counts.get(v) ?? 0) + 1);
      }
      const values = [...counts].map(([v, count]) => ({ value: v, count })).sort((a, b) => b.count - a.count);
      return { key, distinct: values.length, values: values.slice(0, Number(q.get('limit') ?? 10)) };
    }),
  };
}

function traceNo(id) {
  // The number is not in the id: look through the last day.
  const now = Math.floor(Date.now() / 2000);
  for (let no = now; no > now - 43_200; no--) if (data.traceId(no) === id) return no;
  return undefined;
}

const huge = /^0*5(0+)$/;
function trace(id) {
  if (huge.test(id)) return data.hugeTrace(id, 50_000);
  const no = traceNo(id);
  return no === undefined ? undefined : data.trace(no);
}

function span(id, spanId) {
  const t = trace(id);
  const s = t?.spans.find((x) => x.span_id === spanId);
  if (!s) return undefined;
  const at = BigInt(Date.parse(`${t.time.slice(0, 23)}Z`)) * 1_000_000n + BigInt(s.start_ns);
  const one = data.log(Math.floor(Number(at / 500_000_000n)));
  return {
    ...one,
    ...s,
    id: '1',
    trace_id: id,
    time: data.iso(at),
    status_message: s.error ? 'upstream timed out' : '',
    endpoint: s.kind === 'server' ? s.name : '',
    exception: s.error
      ? {
          type: 'GatewayTimeoutException',
          message: '決済ゲートウェイがタイムアウトしました',
          stack: 'GatewayTimeoutException\n\tat Client.charge(Client.java:142)',
        }
      : undefined,
    attributes: {
      ...one.attributes,
      ...(s.summary ? { 'db.query.text': s.summary, 'db.system.name': 'postgresql' } : {}),
    },
    events: [
      { time: data.iso(at + 1_000_000n), name: 'cache.miss', attributes: { 'cache.key': 'cart:u-31' } },
    ],
    links:
      s.kind === 'producer'
        ? [{ trace_id: data.traceId(traceNo(id) - 1), span_id: data.spanId(1, 1), attributes: {} }]
        : [],
  };
}

function traceLogs(id) {
  const t = trace(id);
  const no = traceNo(id);
  if (!t || no === undefined) return { items: [], more: false };
  const start = BigInt(Date.parse(`${t.time.slice(0, 23)}Z`)) * 1_000_000n;
  const items = [0, 1, 2, 3].map((k) => {
    const s = t.spans[[1, 4, 6, 6][k]];
    return {
      ...data.log(no * 4 + k),
      trace_id: id,
      span_id: s.span_id,
      service: s.service,
      time: data.iso(start + BigInt(s.start_ns + Math.floor(s.duration_ns * 0.4))),
    };
  });
  return { items, more: false };
}

const routes = {
  'GET /session': () =>
    signedIn
      ? { user: users[0], auth: mode === 'auth' ? 'password' : 'none', setup_needed: false }
      : { auth: 'password', setup_needed: false },
  'POST /session': (_, b) => {
    if ((b.password ?? '').length < 12)
      throw [401, 'unauthenticated', 'The e-mail address or the password is wrong.'];
    signedIn = true;
    return { user: users[0], auth: 'password', setup_needed: false };
  },
  'DELETE /session': () => {
    signedIn = false;
    return null;
  },
  'POST /setup': (_, b) => ({ user: { ...users[0], ...b }, auth: 'password', setup_needed: false }),
  'PATCH /users/me': (_, b) => Object.assign(users[0], b),
  'POST /users/me/password': () => null,
  'GET /users': () => ({ items: users }),
  'POST /users': (_, b) => {
    const u = {
      ...b,
      id: `u${users.length + 1}`,
      lang: '',
      disabled: false,
      created: new Date().toISOString(),
    };
    users.push(u);
    return u;
  },
  'GET /tokens': () => ({ items: tokens }),
  'POST /tokens': (_, b) => {
    const t = { id: `t${tokens.length + 1}`, role: '', ...b, created: new Date().toISOString() };
    tokens.push(t);
    return { ...t, secret: 'yag_3fK9mQ2vX7cT1bN8hJ5wR4zLpD6sG0aE' };
  },
  'GET /services': (q) => ({
    items:
      mode === 'empty'
        ? []
        : data.services
            .flatMap((s) =>
              ['production', 'staging']
                .filter((e) => (!q.get('env') || q.get('env') === e) && (e === 'production' || s.length % 2))
                .map((e) =>
                  data.service(
                    s,
                    e,
                    ms(q.get('from') ?? '-1h'),
                    ms(q.get('to')),
                    Number(q.get('steps') ?? 30),
                  ),
                ),
            )
            .sort((a, b) => b.errors - a.errors || b.requests - a.requests),
  }),
  'GET /environments': () => ({ items: mode === 'empty' ? [] : ['production', 'staging'] }),
  'GET /logs': (q) => page(rows('logs', q), q),
  'GET /logs/count': (q) => ({ count: rows('logs', q).length }),
  'GET /logs/histogram': (q) => histogram('logs', q),
  'GET /logs/facets': (q) => facets('logs', q),
  'GET /spans/count': (q) => ({ count: rows('spans', q).length }),
  'GET /spans/histogram': (q) => histogram('spans', q),
  'GET /spans/durations': (q) => durations(q),
  'GET /spans/facets': (q) => facets('spans', q),
  'GET /traces': (q) => page(rows('spans', q), q, (x) => data.traceSummary(x.n)),
  'GET /filter': (q) => ({
    canonical: q.get('text'),
    ...(check(q.get('text')) ? { error: check(q.get('text')) } : {}),
  }),
  'GET /filter/keys': (q) => ({ items: facetKeys[q.get('signal')].map((key) => ({ key })) }),
  'GET /metrics/names': (q) => ({
    items: mode === 'empty' ? [] : metricNames.filter((m) => m.name.includes(q.get('match') ?? '')),
  }),
  'GET /metrics/query_range': (q) =>
    metricRange(q.get('query'), ms(q.get('from')), ms(q.get('to')), q.get('step')),
  'GET /status': () => status(mode),
  'GET /status/ingest': () => ingest(mode),
  'GET /status/storage': () => ({ items: mode === 'empty' ? [] : storage() }),
};

function dynamic(method, path, body) {
  let m = /^\/traces\/(\w+)$/.exec(path);
  if (m) return trace(m[1]);
  m = /^\/traces\/(\w+)\/logs$/.exec(path);
  if (m) return traceLogs(m[1]);
  m = /^\/traces\/(\w+)\/spans\/(\w+)$/.exec(path);
  if (m) return span(m[1], m[2]);
  m = /^\/(users|tokens)\/(\w+)$/.exec(path);
  if (m && method === 'DELETE') {
    if (m[1] === 'tokens') tokens = tokens.filter((t) => t.id !== m[2]);
    else
      users.splice(
        users.findIndex((u) => u.id === m[2]),
        1,
      );
    return null;
  }
  if (m && method === 'PATCH')
    return Object.assign(
      users.find((u) => u.id === m[2]),
      body,
    );
  return undefined;
}

function tail(req, res, q) {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const match = matcher(q.get('filter'));
  let n = Math.floor(Date.now() / 500);
  const timer = setInterval(() => {
    for (; n * 500 < Date.now(); n++)
      if (match(data.log(n))) res.write(`event: log\ndata: ${JSON.stringify(data.log(n))}\n\n`);
    if (n % 40 === 0) res.write('event: dropped\ndata: {"count":3}\n\n');
  }, 200);
  req.on('close', () => clearInterval(timer));
}

createServer(async (req, res) => {
  const url = new URL(req.url, 'http://x');
  const path = url.pathname.replace(/^\/api\/v1/, '');
  let text = '';
  for await (const chunk of req) text += chunk;
  const send = (code, body, type = 'application/json') => {
    res.writeHead(code, { 'Content-Type': type });
    res.end(body === null ? '' : JSON.stringify(body));
  };
  try {
    if (!signedIn && !/^\/(session|setup)$/.test(path)) throw [401, 'unauthenticated', 'Sign in first.'];
    const bad = check(url.searchParams.get('filter') ?? '');
    if (bad) throw [422, 'invalid', bad.message, [{ location: 'filter', ...bad }]];
    if (path === '/logs/tail') return tail(req, res, url.searchParams);
    const route = routes[`${req.method} ${path}`];
    const body = route
      ? route(url.searchParams, text ? JSON.parse(text) : {})
      : dynamic(req.method, path, text ? JSON.parse(text) : {});
    if (body === undefined) throw [404, 'not_found', 'There is no such thing.'];
    send(body === null ? 204 : 200, body);
  } catch (e) {
    if (!Array.isArray(e)) console.error(e);
    const [code, name, detail, errors] = Array.isArray(e) ? e : [500, 'internal', String(e)];
    send(code, { title: name, status: code, code: name, detail, errors }, 'application/problem+json');
  }
}).listen(port, '127.0.0.1', () => console.log(`fixtures on http://127.0.0.1:${port}`));
