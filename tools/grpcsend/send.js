// Makes unary gRPC calls with grpc-js, as it is told on standard input, for the end-to-end
// tests. The lines are those of send.py. Its packages are those of ../nodeapp.
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const grpc = require(path.join(__dirname, "../nodeapp/node_modules/@grpc/grpc-js"));

const ca = process.argv[3];
const client = new grpc.Client(
  process.argv[2],
  ca ? grpc.credentials.createSsl(fs.readFileSync(ca)) : grpc.credentials.createInsecure(),
  { "grpc.max_send_message_length": -1, "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 500 },
);
const gzip = 2; // the number that the option grpc.default_compression_algorithm has for it
const zipped = new grpc.Client(
  process.argv[2],
  ca ? grpc.credentials.createSsl(fs.readFileSync(ca)) : grpc.credentials.createInsecure(),
  { "grpc.max_send_message_length": -1, "grpc.default_compression_algorithm": gzip, "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 500 },
);

const codeName = Object.fromEntries(Object.entries(grpc.status).map(([name, n]) => [n, name]));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const call = JSON.parse(line);
  const metadata = new grpc.Metadata({ waitForReady: true });
  if (call.token) metadata.set("authorization", `Bearer ${call.token}`);
  const options = call.timeout ? { deadline: Date.now() + 1000 * call.timeout } : {};
  (call.gzip ? zipped : client).makeUnaryRequest(
    call.method,
    (bytes) => bytes,
    (bytes) => bytes,
    fs.readFileSync(call.file),
    metadata,
    options,
    (err, body) => {
      const details = err?.metadata?.get("grpc-status-details-bin")[0];
      console.log(
        JSON.stringify({
          id: call.id,
          code: err ? codeName[err.code] : "OK",
          message: err ? err.details : "",
          details: details ? Buffer.from(details).toString("base64") : "",
          body: body ? body.toString("base64") : "",
        }),
      );
    },
  );
});
