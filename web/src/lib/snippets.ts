// How to send the first data, ready to paste, per language. The endpoint and the token
// are filled in by the page.

export interface Target {
  grpc: string;
  http: string;
  /** token is absent when the server takes data without one. */
  token?: string | undefined;
  service: string;
}

export const snippetKinds = ['env', 'go', 'node', 'java', 'python', 'ruby', 'collector'] as const;
export type SnippetKind = (typeof snippetKinds)[number];

/** envVars are understood by every OpenTelemetry SDK. */
export function envVars(t: Target, prefix = 'export '): string {
  const lines = [
    `OTEL_SERVICE_NAME=${t.service}`,
    'OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=production',
    `OTEL_EXPORTER_OTLP_ENDPOINT=${t.http}`,
    'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
  ];
  // The value of the variable is URL-encoded: a bare space is not allowed in it.
  if (t.token) lines.push(`OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20${t.token}"`);
  return lines.map((l) => prefix + l).join('\n');
}

export function snippet(kind: SnippetKind, t: Target): string {
  switch (kind) {
    case 'env':
      return envVars(t);
    case 'go':
      return `${envVars(t)}

go get go.opentelemetry.io/contrib/exporters/autoexport \\
  go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp

// main.go
exporter, err := autoexport.NewSpanExporter(ctx)
if err != nil { return err }
tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
defer tp.Shutdown(context.Background())
otel.SetTracerProvider(tp)
otel.SetTextMapPropagator(propagation.TraceContext{})
http.ListenAndServe(":8080", otelhttp.NewHandler(mux, "server"))`;
    case 'node':
      return `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node

${envVars(t)}
export OTEL_LOGS_EXPORTER=otlp OTEL_METRICS_EXPORTER=otlp
node --require @opentelemetry/auto-instrumentations-node/register app.js`;
    case 'java':
      return `curl -LO https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases/latest/download/opentelemetry-javaagent.jar

${envVars(t)}
java -javaagent:opentelemetry-javaagent.jar -jar app.jar`;
    case 'python':
      return `pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install

${envVars(t)}
export OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED=true
opentelemetry-instrument python app.py`;
    case 'ruby':
      return `bundle add opentelemetry-sdk opentelemetry-exporter-otlp opentelemetry-instrumentation-all

# config/initializers/opentelemetry.rb
require "opentelemetry/sdk"
require "opentelemetry/exporter/otlp"
require "opentelemetry/instrumentation/all"
OpenTelemetry::SDK.configure(&:use_all)

${envVars(t)}
bundle exec rails server`;
    case 'collector':
      return `exporters:
  otlp/yagura:
    endpoint: ${t.grpc}
    tls:
      insecure: true${t.token ? `\n    headers:\n      authorization: Bearer ${t.token}` : ''}

service:
  pipelines:
    traces:
      exporters: [otlp/yagura]
    metrics:
      exporters: [otlp/yagura]
    logs:
      exporters: [otlp/yagura]`;
  }
}

/** Where the server takes OTLP: host and port as it listens, "" when that is off. */
export interface Receivers {
  grpc: string;
  http: string;
}

/**
 * targetFor is where a sender sends to: the ports that the server listens on, at the host
 * that it listens on, or at the page's own where that is every address of the machine.
 */
export function targetFor(host: string, secure: boolean, at?: Receivers, token?: string): Target {
  const page = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const reach = (addr: string | undefined, port: string): [string, boolean] => {
    const cut = addr?.lastIndexOf(':') ?? -1;
    if (!addr || cut < 0) return [`${page}:${port}`, false];
    const bound = addr.slice(0, cut);
    const everywhere = bound === '' || bound === '0.0.0.0' || bound === '[::]';
    return [`${everywhere ? page : bound}:${addr.slice(cut + 1)}`, !everywhere];
  };
  const [grpc] = reach(at?.grpc, '4317');
  const [http, local] = reach(at?.http, '4318');
  // What listens on one address of the machine has no proxy with TLS before it.
  return { grpc, http: `${secure && !local ? 'https' : 'http'}://${http}`, token, service: 'my-service' };
}
