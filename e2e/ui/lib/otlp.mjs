// OTLP/HTTP JSON as a sender would post it, built by hand: the tests must not share a
// library with the receiver.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

export const hex = (bytes) => randomBytes(bytes).toString('hex');
export const nanos = (ms) => String(Math.round(ms * 1000) * 1000);

const value = (v) =>
  typeof v === 'number'
    ? Number.isInteger(v)
      ? { intValue: String(v) }
      : { doubleValue: v }
    : typeof v === 'boolean'
      ? { boolValue: v }
      : { stringValue: v };
export const attributes = (o) => Object.entries(o).map(([key, v]) => ({ key, value: value(v) }));

const resource = (service, env) => ({
  attributes: attributes({
    'service.name': service,
    'service.version': '1.4.2',
    'deployment.environment.name': env,
    'host.name': 'node-1',
  }),
});
const scope = { name: 'e2e', version: '1' };

const severities = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };

/** A log record; at is in milliseconds. */
export function log({ at, level, body, trace, span, attrs = {} }) {
  return {
    timeUnixNano: nanos(at),
    observedTimeUnixNano: nanos(at),
    severityNumber: severities[level],
    severityText: level.toUpperCase(),
    body: { stringValue: body },
    attributes: attributes(attrs),
    ...(trace ? { traceId: trace, spanId: span } : {}),
  };
}

const kinds = { internal: 1, server: 2, client: 3 };

/** A span; at and ms are in milliseconds. */
export function span({ trace, id, parent = '', name, kind = 'internal', at, ms, error, attrs = {}, events = [] }) {
  return {
    traceId: trace,
    spanId: id,
    parentSpanId: parent,
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanos(at),
    endTimeUnixNano: nanos(at + ms),
    attributes: attributes(attrs),
    events,
    status: error ? { code: 2, message: error } : {},
  };
}

/** post sends one signal's payload and gives the answer's status and body. */
export async function post(base, signal, payload, token) {
  const r = await fetch(`${base}/v1/${signal}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(payload),
  });
  return { status: r.status, body: await r.json().catch(() => null) };
}

async function accepted(promise) {
  const { status, body } = await promise;
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body?.partialSuccess ?? {}, {});
}

/** rows are [service, row] pairs, sent as one request. */
function grouped(rows) {
  const by = new Map();
  for (const [service, row] of rows) {
    if (!by.has(service)) by.set(service, []);
    by.get(service).push(row);
  }
  return [...by];
}

export function sender(base, token, env = 'production') {
  return {
    logs: (rows) =>
      accepted(
        post(
          base,
          'logs',
          {
            resourceLogs: grouped(rows).map(([service, logRecords]) => ({
              resource: resource(service, env),
              scopeLogs: [{ scope, logRecords }],
            })),
          },
          token,
        ),
      ),
    spans: (rows) =>
      accepted(
        post(
          base,
          'traces',
          {
            resourceSpans: grouped(rows).map(([service, spans]) => ({
              resource: resource(service, env),
              scopeSpans: [{ scope, spans }],
            })),
          },
          token,
        ),
      ),
    metrics: (service, metrics) =>
      accepted(
        post(
          base,
          'metrics',
          { resourceMetrics: [{ resource: resource(service, env), scopeMetrics: [{ scope, metrics }] }] },
          token,
        ),
      ),
  };
}
