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

/** targetFor guesses the receivers from the address of the page: same host, OTLP's ports. */
export function targetFor(host: string, secure: boolean, token?: string): Target {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return {
    grpc: `${name}:4317`,
    http: `${secure ? 'https' : 'http'}://${name}:4318`,
    token,
    service: 'my-service',
  };
}
