// Generated telemetry of a small shop, the same for the same moment, so that paging and
// permalinks work. For looking at the interface without a server; never bundled.

export function random(seed) {
  let a = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = (r, list) => list[Math.floor(r() * list.length)];
const hex = (r, n) => Array.from({ length: n }, () => Math.floor(r() * 16).toString(16)).join('');
export const iso = (ns) => {
  const ms = ns / 1_000_000n;
  return `${new Date(Number(ms)).toISOString().slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
};

export const services = [
  'gateway',
  'checkout',
  'cart',
  'payment',
  'inventory',
  'catalog',
  'search',
  'mailer',
  'shipping-worker',
];
const versions = { checkout: ['2026.11.22-1', '2026.11.21-4'], payment: ['4.12.0'], gateway: ['1.8.3'] };
const envs = ['production', 'production', 'production', 'staging'];

const messages = [
  ['info', 'GET /api/cart 200 in 12 ms'],
  ['info', '注文 ORD-{n} を受け付けました（合計 ¥{n}）'],
  ['info', 'request completed'],
  ['debug', 'cache hit for product:{n}'],
  [
    'info',
    '{"event":"order.created","order_id":"ORD-{n}","items":[{"sku":"A-{n}","qty":2}],"customer":{"tier":"gold"}}',
  ],
  ['warn', 'slow query: SELECT * FROM stock WHERE sku = $1 took 812 ms'],
  ['warn', '在庫の引き当てに時間がかかっています（sku=A-{n}）'],
  ['error', 'ＤＢ接続ｴﾗｰ: データベースへの接続がタイムアウトしました'],
  ['error', 'payment provider answered 503: upstream connect error or disconnect/reset before headers'],
  ['fatal', 'out of memory: worker {n} is being restarted'],
  ['trace', 'enter handler'],
  ['info', 'メール送信キューに追加しました to=user{n}@example.com'],
  ['info', 'search "ワイヤレスイヤホン" 48 hits in 31 ms'],
];
const weights = [22, 12, 20, 14, 4, 4, 3, 2.2, 1.6, 0.05, 3, 5, 6];
const totalWeight = weights.reduce((a, b) => a + b, 0);

function message(r) {
  let x = r() * totalWeight;
  for (let i = 0; i < messages.length; i++) {
    x -= weights[i];
    if (x <= 0) return messages[i];
  }
  return messages[0];
}

const stack = `com.example.payment.GatewayTimeoutException: 決済ゲートウェイがタイムアウトしました
	at com.example.payment.Client.charge(Client.java:142)
	at com.example.payment.Service.pay(Service.java:77)
	at com.example.payment.Controller.post(Controller.java:31)
	at jdk.internal.reflect.GeneratedMethodAccessor118.invoke(Unknown Source)
	at org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)
Caused by: java.net.SocketTimeoutException: Read timed out
	at java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)
	... 42 more`;

/** log n happened at n half seconds since 1970. */
export function log(n) {
  const r = random(n);
  const [level, text] = message(r);
  const service = pick(r, services);
  const ns = BigInt(n) * 500_000_000n + BigInt(Math.floor(r() * 4.9e8));
  const severity = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 }[level];
  const env = pick(r, envs);
  const traced = r() < 0.7;
  const failed = level === 'error' && r() < 0.6;
  const traceNo = Math.floor(n / 4);
  return {
    id: String(n),
    time: iso(ns),
    observed: iso(ns + 1_200_000n),
    env,
    service,
    version: versions[service]?.[0] ?? '1.0.0',
    instance: `${service}-${Math.floor(r() * 3)}`,
    host: `ip-10-0-${Math.floor(r() * 4)}-${Math.floor(r() * 200)}`,
    resource: {
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': `${service}-7d9f8c-${hex(r, 5)}`,
      'telemetry.sdk.language': 'java',
      'os.type': 'linux',
    },
    ...(traced ? { trace_id: traceId(traceNo), span_id: spanId(traceNo, Math.floor(r() * 8)) } : {}),
    severity,
    level,
    severity_text: level === 'warn' ? 'WARNING' : level.toUpperCase(),
    event: '',
    scope: `com.example.${service.replace('-', '.')}.Handler`,
    body: text.replaceAll('{n}', () => String(Math.floor(r() * 90000) + 10000)),
    ...(failed
      ? {
          exception: {
            type: 'com.example.payment.GatewayTimeoutException',
            message: '決済ゲートウェイがタイムアウトしました',
            stack,
          },
        }
      : {}),
    attributes: {
      'http.request.method': pick(r, ['GET', 'POST', 'PUT']),
      'http.route': pick(r, ['/api/cart', '/api/orders/{id}', '/api/products', '/checkout']),
      'http.response.status_code': level === 'error' ? '503' : '200',
      'user.id': `u-${Math.floor(r() * 400)}`,
      'thread.name': `http-nio-8080-exec-${Math.floor(r() * 10)}`,
    },
    flags:
      level === 'error' && r() < 0.2 ? ['redacted'] : text.includes('ｴﾗｰ') && r() < 0.3 ? ['repaired'] : [],
  };
}

export const traceId = (no) => hex(random(no * 7 + 1), 32);
export const spanId = (no, i) => hex(random(no * 7919 + i * 31 + 5), 16);

const plan = [
  // name, service, kind, parent, start share, length share
  ['POST /checkout', 'gateway', 'server', -1, 0, 1],
  ['checkout.v1.Checkout/Place', 'checkout', 'server', 0, 0.03, 0.94],
  ['cart.v1.Cart/Get', 'cart', 'server', 1, 0.05, 0.1],
  ['SELECT carts', 'cart', 'client', 2, 0.06, 0.06],
  ['inventory.v1.Stock/Reserve', 'inventory', 'server', 1, 0.17, 0.3],
  ['SELECT stock FOR UPDATE', 'inventory', 'client', 4, 0.18, 0.26],
  ['POST /charges', 'payment', 'server', 1, 0.5, 0.4],
  ['publish orders', 'checkout', 'producer', 1, 0.92, 0.03],
];

/** trace no begins at no times two seconds since 1970. */
export function traceSummary(no) {
  const r = random(no * 13 + 3);
  const failed = r() < 0.06;
  const slow = r() < 0.05;
  const ms = Math.exp(Math.log(80) + (r() - 0.4) * 2) * (slow ? 9 : 1);
  return {
    trace_id: traceId(no),
    time: iso(BigInt(no) * 2_000_000_000n + BigInt(Math.floor(r() * 1e9))),
    duration_ns: Math.floor(ms * 1e6),
    spans: plan.length,
    errors: failed ? 2 : 0,
    services: ['cart', 'checkout', 'gateway', 'inventory', 'payment'],
    root_service: r() < 0.01 ? '' : 'gateway',
    root_name: pick(r, ['POST /checkout', 'GET /api/cart', 'GET /api/products/{id}', 'POST /api/orders']),
    root_status: failed ? 'error' : 'unset',
    root_http_status: failed ? '503' : '200',
  };
}

export function trace(no) {
  const s = traceSummary(no);
  const spans = plan.map(([name, service, kind, parent, start, length], i) => {
    let depth = 0;
    for (let p = parent; p >= 0; p = plan[p][3]) depth++;
    const start_ns = Math.floor(start * s.duration_ns);
    const duration_ns = Math.floor(length * s.duration_ns);
    const bad = s.errors > 0 && (i === 0 || i === 6);
    return {
      span_id: spanId(no, i),
      parent_id: parent >= 0 ? spanId(no, parent) : '',
      depth,
      service,
      env: 'production',
      name: i === 0 ? s.root_name : name,
      kind,
      status: bad ? 'error' : 'unset',
      start_ns,
      duration_ns,
      self_ns: Math.floor(duration_ns * (plan.some((p) => p[3] === i) ? 0.2 : 1)),
      critical: [0, 1, 4, 5, 6].includes(i)
        ? [[start_ns + Math.floor(duration_ns * 0.05), start_ns + duration_ns]]
        : [],
      ...(bad ? { error: true, message: 'upstream timed out' } : {}),
      ...(i === 4 ? { skew_ns: -3_200_000 } : {}),
      summary:
        i === 3
          ? 'SELECT * FROM carts WHERE user_id = $1'
          : i === 5
            ? 'SELECT … FROM stock WHERE sku = ANY($1) FOR UPDATE'
            : i === 6
              ? bad
                ? '503'
                : '201'
              : '',
    };
  });
  return withServices({
    trace_id: s.trace_id,
    time: s.time,
    duration_ns: s.duration_ns,
    spans,
    main: 0,
    more: false,
    more_logs: false,
    notes: ['inventory: -3.2 ms'],
    log_count: 6,
  });
}

function withServices(t) {
  const by = new Map();
  for (const s of t.spans) {
    const x = by.get(s.service) ?? { service: s.service, spans: 0, errors: 0, self_ns: 0 };
    x.spans++;
    x.errors += s.error ? 1 : 0;
    x.self_ns += s.self_ns;
    by.set(s.service, x);
  }
  return { ...t, services: [...by.values()].sort((a, b) => b.self_ns - a.self_ns) };
}

/** A trace of n spans, as a batch job makes them: for measuring the waterfall. */
export function hugeTrace(id, n) {
  const r = random(42);
  const total = 90e9;
  const spans = [];
  const put = (depth, parent, from, to) => {
    if (spans.length >= n) return;
    const i = spans.length;
    const service = services[(depth * 3 + Math.floor(r() * 2)) % services.length];
    const error = r() < 0.003;
    const self = depth > 5 || to - from < 2e4;
    spans.push({
      span_id: i.toString(16).padStart(16, '0'),
      parent_id: parent,
      depth,
      service,
      env: 'production',
      name: self ? 'UPDATE items' : `batch.step_${depth}`,
      kind: self ? 'client' : 'internal',
      status: error ? 'error' : 'unset',
      start_ns: Math.floor(from),
      duration_ns: Math.floor(to - from),
      self_ns: Math.floor((to - from) * (self ? 1 : 0.1)),
      critical: i % 9 === 0 ? [[Math.floor(from), Math.floor(to)]] : [],
      ...(error ? { error: true, message: 'deadlock detected' } : {}),
      summary: self ? 'UPDATE items SET stock = stock - 1 WHERE id = $1' : '',
    });
    if (self) return;
    const kids = depth === 0 ? 400 : 2 + Math.floor(r() * 5);
    let at = from + (to - from) * 0.02;
    for (let k = 0; k < kids && spans.length < n; k++) {
      const length = ((to - from) * 0.96) / kids;
      put(depth + 1, spans[i].span_id, at, at + length * (0.5 + r() * 0.5));
      at += length;
    }
  };
  put(0, '', 0, total);
  return withServices({
    trace_id: id,
    time: iso(BigInt(Date.now() - 600_000) * 1_000_000n),
    duration_ns: total,
    spans,
    main: 0,
    more: false,
    more_logs: false,
    notes: [],
    log_count: 0,
  });
}

export function service(name, env, fromMs, toMs, steps) {
  const r = random(name.length * 97 + name.charCodeAt(0) + env.length);
  const base = 3 + r() * 400;
  const hurt = name === 'checkout' || name === 'payment';
  const minutes = (toMs - fromMs) / 60e3;
  const requests = [];
  const errors = [];
  const p95 = [];
  const lat = (5 + r() * 90) * 1e6;
  for (let i = 0; i < steps; i++) {
    const n =
      name === 'mailer' && i % 7 < 3
        ? 0
        : Math.round((base * minutes * (0.7 + 0.5 * Math.sin(i / 4) * r() + r() * 0.3)) / steps);
    requests.push(n);
    errors.push(hurt && env === 'production' ? Math.round(n * (i > steps * 0.7 ? 0.05 : 0.004)) : 0);
    p95.push(n ? lat * (1 + r() * 0.4 + (hurt && i > steps * 0.7 ? 2.5 : 0)) : 0);
  }
  const sum = (a) => a.reduce((x, y) => x + y, 0);
  const total = sum(requests);
  return {
    service: name,
    env,
    requests: total,
    errors: sum(errors),
    p50_ns: lat * 0.4,
    p95_ns: sum(p95) / steps,
    p99_ns: (sum(p95) / steps) * 2.3,
    spans: total * 4,
    logs: Math.round(total * 1.7),
    error_logs: sum(errors) * 2,
    last_seen: iso(BigInt(Date.now() - Math.floor(r() * 40_000)) * 1_000_000n),
    versions: versions[name] ?? ['1.0.0'],
    series: { step_ns: Math.round(((toMs - fromMs) / steps) * 1e6), requests, errors, p95_ns: p95 },
  };
}
