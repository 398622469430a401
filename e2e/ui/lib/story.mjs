// What is sent: a small shop of three services, whose payments sometimes fail, a batch
// with a large trace, and some logs that only a good search finds. All numbers that the
// tests expect are counted here, from what is really sent.
import { attributes, hex, log, nanos, span } from './otlp.mjs';

const TRACES = 24;
export const BIG = 5000;

const stack = [
  'java.lang.IllegalStateException: card terminal is closed',
  '\tat shop.payment.Terminal.charge(Terminal.java:42)',
  '\tat shop.payment.PaymentService.pay(PaymentService.java:118)',
  'Caused by: java.net.SocketTimeoutException: Read timed out',
  '\tat java.base/java.net.SocketInputStream.read(SocketInputStream.java:168)',
].join('\n');

/** One order through front, checkout and payment. The audit runs beside and is waited for by nobody. */
function order(at, i, failed) {
  const trace = hex(16);
  const [root, call, checkout, pay, payment, query, audit] = Array.from({ length: 7 }, () => hex(8));
  const ms = 300 + (i % 7) * 40;
  const problem = failed ? 'card terminal is closed' : undefined;
  const http = (route) => ({ 'http.request.method': 'POST', 'http.route': route, 'http.response.status_code': failed ? 500 : 200 });
  const exception = {
    name: 'exception',
    timeUnixNano: nanos(at + ms - 60),
    attributes: attributes({
      'exception.type': 'java.lang.IllegalStateException',
      'exception.message': 'card terminal is closed',
      'exception.stacktrace': stack,
    }),
  };
  const one = (service, s) => [service, span({ trace, ...s })];
  return {
    trace,
    root,
    payment,
    failed,
    spans: [
      one('front', { id: root, name: 'POST /order', kind: 'server', at, ms, error: problem, attrs: http('/order') }),
      one('front', { id: call, parent: root, name: 'call checkout', kind: 'client', at: at + 10, ms: ms - 20, error: problem }),
      one('checkout', { id: checkout, parent: call, name: 'POST /checkout', kind: 'server', at: at + 15, ms: ms - 30, error: problem, attrs: http('/checkout') }),
      one('checkout', { id: audit, parent: checkout, name: 'write audit', at: at + 20, ms: 15 }),
      one('checkout', { id: pay, parent: checkout, name: 'call payment', kind: 'client', at: at + 18, ms: ms - 40, error: problem }),
      one('payment', { id: payment, parent: pay, name: 'POST /pay', kind: 'server', at: at + 25, ms: ms - 60, error: problem, attrs: http('/pay'), events: failed ? [exception] : [] }),
      one('payment', {
        id: query, parent: payment, name: 'SELECT cards', kind: 'client', at: at + 40, ms: ms - 120,
        attrs: { 'db.system.name': 'postgresql', 'db.query.text': 'SELECT * FROM cards WHERE id = $1' },
      }),
    ],
    logs: [
      ['front', log({ at: at + 5, level: 'info', body: `order ${1000 + i} received`, trace, span: root })],
      ['checkout', log({ at: at + 30, level: 'debug', body: `在庫を確認しました（注文 ${1000 + i}）`, trace, span: checkout })],
      failed
        ? ['payment', log({
            at: at + ms - 60, level: 'error', body: `payment of order ${1000 + i} failed: 接続エラーが発生しました`, trace, span: payment,
            attrs: { 'exception.type': 'java.lang.IllegalStateException', 'exception.message': 'card terminal is closed', 'exception.stacktrace': stack },
          })]
        : ['payment', log({ at: at + ms - 60, level: 'info', body: `payment of order ${1000 + i} done`, trace, span: payment })],
    ],
  };
}

function big(at) {
  const trace = hex(16);
  const ids = Array.from({ length: BIG }, () => hex(8));
  const spans = ids.map((id, i) => {
    if (i === 0) return ['batch', span({ trace, id, name: 'nightly', at, ms: 10_000 })];
    if (i <= 50) return ['batch', span({ trace, id, parent: ids[0], name: `group ${i}`, at: at + (i - 1) * 199, ms: 198 })];
    const group = 1 + (i % 50);
    return ['worker', span({ trace, id, parent: ids[group], name: `step ${i}`, at: at + (group - 1) * 199 + Math.floor((i - 51) / 50) * 1.9, ms: 1.8 })];
  });
  // Depth first, in order of time: the last child of the last group comes last.
  return { trace, spans, groups: 50, last: `step ${BIG - 1}` };
}

function metrics(now) {
  const from = now - 600_000;
  const points = (make) =>
    Array.from({ length: 41 }, (_, i) => ({ startTimeUnixNano: nanos(from), timeUnixNano: nanos(from + i * 15_000), ...make(i) }));
  const where = (route) => attributes({ 'http.route': route });
  return [
    {
      name: 'shop.orders', unit: '{order}', description: 'Orders taken',
      sum: {
        aggregationTemporality: 2, isMonotonic: true,
        dataPoints: ['/order', '/cart'].flatMap((r, k) => points((i) => ({ attributes: where(r), asInt: String(i * (30 + k * 15)) }))),
      },
    },
    { name: 'shop.queue.length', unit: '{order}', gauge: { dataPoints: points((i) => ({ asDouble: 5 + (i % 9) })) } },
    {
      name: 'shop.wait', unit: 's',
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: points((i) => ({
          attributes: where('/order'), count: String(i * 12), sum: i * 2, scale: 1, zeroCount: '0',
          positive: { offset: -8, bucketCounts: [i, i * 3, i * 5, i * 2, i].map(String) },
          negative: { offset: 0, bucketCounts: [] },
        })),
      },
    },
    {
      name: 'http.server.request.duration', unit: 's',
      histogram: {
        aggregationTemporality: 2,
        dataPoints: points((i) => ({
          attributes: where('/order'), count: String(i * 10), sum: i * 3,
          explicitBounds: [0.1, 0.5, 1], bucketCounts: [i * 2, i * 6, i, i].map(String),
        })),
      },
    },
  ];
}

/** story is everything that is sent, and what is to be found of it afterwards. */
export function story(now = Date.now()) {
  const orders = Array.from({ length: TRACES }, (_, i) => order(now - 600_000 + i * 24_000, i, i % 6 === 5));
  const large = big(now - 300_000);
  const loose = [
    ['front', log({ at: now - 50_000, level: 'warn', body: 'ﾈｯﾄﾜｰｸｴﾗｰ: 再接続します', attrs: { 'user.id': 'u-77' } })],
    ['front', log({ at: now - 45_000, level: 'error', body: 'ネットワークエラーのため中断しました' })],
    ['checkout', log({ at: now - 40_000, level: 'fatal', body: 'out of memory, restarting' })],
    ['checkout', log({ at: now - 35_000, level: 'trace', body: 'cache lookup took 3 ms' })],
  ];
  const logs = [...orders.flatMap((o) => o.logs), ...loose];
  const spans = [...orders.flatMap((o) => o.spans), ...large.spans];
  return {
    orders, large, logs, spans, metrics: metrics(now),
    failed: orders.filter((o) => o.failed),
    services: ['front', 'checkout', 'payment', 'batch', 'worker'],
    count: (test) => logs.filter(([service, row]) => test(service, row, row.body.stringValue)).length,
  };
}
