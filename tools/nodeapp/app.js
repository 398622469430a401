// A bookshop of two routes and a wholesaler that it calls over HTTP. It knows nothing of
// Yagura: the automatic instrumentation, told by OTEL_* variables, does the sending.
const express = require("express");
const http = require("node:http");
const log = require("pino")();

const port = Number(process.env.PORT || 0);
const app = express();

app.get("/stock/:id", (req, res) => {
  if (req.params.id === "13") return res.status(503).json({ error: "out of stock" });
  setTimeout(() => res.json({ id: req.params.id, left: 3 }), 5);
});

app.get("/books/:id", (req, res, next) => {
  log.info({ book: req.params.id }, "本の在庫を確認します");
  http
    .get({ port: server.address().port, path: `/stock/${req.params.id}` }, (answer) => {
      answer.resume();
      answer.on("end", () => {
        if (answer.statusCode === 200) return res.json({ book: req.params.id });
        next(new Error(`在庫サービスの接続エラー: ${answer.statusCode}`));
      });
    })
    .on("error", next);
});

app.use((err, _req, res, _next) => {
  log.error({ err }, "リクエストが失敗しました");
  res.status(500).json({ error: err.message });
});

const server = app.listen(port, "127.0.0.1", () => {
  // The tests read the address from this line.
  process.stdout.write(`listening on http://127.0.0.1:${server.address().port}\n`);
});
process.on("SIGTERM", () => server.close(() => process.exit(0)));
