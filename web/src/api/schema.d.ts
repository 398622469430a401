// Hand-written stand-in for what `npm run gen` writes from api/openapi.yaml.
type Get<Q, R> = {
  get: {
    parameters: { query?: Q; path?: undefined };
    responses: { 200: { content: { 'application/json': R } }; default: { content: { 'application/problem+json': components['schemas']['ErrorModel'] } } };
  };
};
type GetOf<P, R, Q = undefined> = {
  get: {
    parameters: { path: P; query?: Q };
    responses: { 200: { content: { 'application/json': R } }; default: { content: { 'application/problem+json': components['schemas']['ErrorModel'] } } };
  };
};
type Do<M extends string, B, R, P = undefined> = {
  [m in M]: {
    parameters: P extends undefined ? { path?: undefined } : { path: P };
    requestBody?: B extends undefined ? undefined : { content: { 'application/json': B } };
    responses: { 200: { content: { 'application/json': R } }; default: { content: { 'application/problem+json': components['schemas']['ErrorModel'] } } };
  };
};
type S = components['schemas'];
interface RangeQ { from?: string; to?: string; env?: string }
interface RowsQ extends RangeQ { filter?: string }
interface PageQ extends RowsQ { after?: string; limit?: number; order?: string }
interface List<T> { items: T[]; next?: string }

export interface paths {
  '/api/v1/session': Get<undefined, S['Session']> & Do<'post', { email: string; password: string }, S['Session']> & Do<'delete', undefined, undefined>;
  '/api/v1/setup': Do<'post', { token: string; email: string; name: string; password: string }, S['Session']>;
  '/api/v1/users': Get<undefined, List<S['User']>> & Do<'post', { email: string; name: string; role: string; password: string }, S['User']>;
  '/api/v1/users/me': Do<'patch', { lang?: string; name?: string }, S['User']>;
  '/api/v1/users/me/password': Do<'post', { current: string; password: string }, undefined>;
  '/api/v1/users/{id}': Do<'patch', { role?: string; name?: string; password?: string }, S['User'], { id: string }> & Do<'delete', undefined, undefined, { id: string }>;
  '/api/v1/tokens': Get<undefined, List<S['Token']>> & Do<'post', { name: string; kind: string; role?: string }, S['Token']>;
  '/api/v1/tokens/{id}': Do<'delete', undefined, undefined, { id: string }>;
  '/api/v1/services': Get<RangeQ & { steps?: number }, List<S['Service']>>;
  '/api/v1/environments': Get<RangeQ, List<string>>;
  '/api/v1/logs': Get<PageQ, List<S['Log']>>;
  '/api/v1/logs/count': Get<RowsQ, { count: number }>;
  '/api/v1/logs/histogram': Get<RowsQ & { buckets?: number }, S['Histogram']>;
  '/api/v1/logs/facets': Get<RowsQ & { keys?: string; limit?: number }, List<S['Facet']>>;
  '/api/v1/spans': Get<PageQ, List<S['Span']>>;
  '/api/v1/spans/count': Get<RowsQ, { count: number }>;
  '/api/v1/spans/histogram': Get<RowsQ & { buckets?: number }, S['Histogram']>;
  '/api/v1/spans/facets': Get<RowsQ & { keys?: string; limit?: number }, List<S['Facet']>>;
  '/api/v1/traces': Get<PageQ, List<S['TraceSummary']>>;
  '/api/v1/filter': Get<{ text: string }, { canonical: string; error?: { message: string; pos: number; end: number } }>;
  '/api/v1/filter/keys': Get<{ signal: string }, List<{ key: string; label?: string }>>;
  '/api/v1/traces/{trace_id}': GetOf<{ trace_id: string }, S['Trace']>;
  '/api/v1/traces/{trace_id}/spans/{span_id}': GetOf<{ trace_id: string; span_id: string }, S['Span']>;
  '/api/v1/traces/{trace_id}/logs': GetOf<{ trace_id: string }, { items: S['Log'][]; more: boolean }>;
  '/api/v1/metrics/names': Get<{ match?: string }, List<S['MetricName']>>;
  '/api/v1/metrics/query_range': Get<{ query: string; from?: string; to?: string; step?: string }, S['MetricResult']>;
  '/api/v1/status': Get<undefined, S['Status']>;
  '/api/v1/status/ingest': Get<RangeQ, S['IngestStatus']>;
  '/api/v1/status/storage': Get<undefined, List<S['StorageDay']>>;
}

export interface components {
  schemas: {
    ErrorModel: { type?: string; title?: string; status?: number; detail?: string; code?: string; errors?: { location?: string; message?: string; pos?: number; end?: number }[] };
    Session: { user?: { id: string; name: string; email: string; role: string; lang: string }; auth: string; setup_needed: boolean };
    User: { id: string; name: string; email: string; role: string; lang: string; created?: string };
    Token: { id: string; name: string; kind: string; role: string; created?: string; last_used?: string; secret?: string };
    Service: {
      service: string; env: string; requests: number; errors: number; p50_ns: number; p95_ns: number; p99_ns: number;
      spans: number; logs: number; error_logs: number; last_seen: string; versions: string[];
      series: { step_ns: number; requests: number[]; errors: number[]; p95_ns: number[] };
    };
    Exception: { type: string; message: string; stack: string };
    Log: {
      id: string; time: string; observed: string; env: string; service: string; version: string; instance: string; host: string;
      resource: { [key: string]: string }; trace_id?: string; span_id?: string; severity: number; level: string; severity_text: string;
      event: string; scope: string; body: string; exception?: components['schemas']['Exception']; attributes: { [key: string]: string }; flags: string[];
    };
    Span: {
      id: string; time: string; duration_ns: number; env: string; service: string; version: string; instance: string; host: string;
      resource: { [key: string]: string }; trace_id: string; span_id: string; parent_id?: string; name: string; kind: string; status: string; status_message: string;
      scope: string; endpoint: string; exception?: components['schemas']['Exception']; attributes: { [key: string]: string };
      events: { time: string; name: string; attributes: { [key: string]: string } }[];
      links: { trace_id: string; span_id: string; attributes: { [key: string]: string } }[]; flags: string[];
    };
    Histogram: { step_ns: number; buckets: { time: string; counts: { [key: string]: number } }[] };
    Facet: { key: string; distinct: number; values: { value: string; count: number }[] };
    TraceSummary: {
      trace_id: string; time: string; duration_ns: number; spans: number; errors: number; services: string[];
      root_service: string; root_name: string; root_status: string; root_http_status: string;
    };
    TraceSpan: {
      span_id: string; parent_id: string; depth: number; service: string; env: string; name: string; kind: string; status: string;
      start_ns: number; duration_ns: number; self_ns: number; critical?: number[][]; missing_parent?: boolean; skew_ns?: number; error?: boolean; summary?: string;
    };
    Trace: {
      trace_id: string; time: string; duration_ns: number; services: { service: string; spans: number; errors: number; self_ns: number }[];
      spans: components['schemas']['TraceSpan'][]; more: boolean; notes: string[]; log_count: number;
    };
    MetricName: { name: string; type: string; unit: string; help: string; series: number };
    MetricResult: { type: string; series: { labels: { [key: string]: string }; points: [number, number | null][] }[]; warnings: string[] };
    Status: {
      version: string; started_at: string; uptime_ns: number; healthy: boolean; problems: { severity: string; text: string }[];
      engine: { phase: string; pid?: number; since: string; restarts: number; last_error?: string; rss_bytes?: number; kind: string };
      wal: { signal: string; bytes: number; limit_bytes: number; blocks: number; oldest_ms: number }[];
      disk: { free_bytes: number; total_bytes: number; data_bytes: number };
    };
    IngestStatus: {
      sources: { service: string; env: string; signal: string; rows: number; last_seen: string; rows_per_second: number }[];
      refusals: { signal: string; service: string; reason: string; text: string; count: number; first: string; last: string; example: string }[];
      quarantine: { id: string; signal: string; time: string; rows: number; reason: string; example: string }[];
      transports: { transport: string; signal: string; requests: number; rows: number; refused: number }[];
    };
    StorageDay: { day: string; signal: string; rows: number; bytes: number; parts: number };
  };
}
