-- When each trace was, so that a trace is found by its id alone: a row for each trace and
-- block. It is kept by day, as the rows are.
CREATE TABLE IF NOT EXISTS {{.Local "trace_times"}} {{.OnCluster}}
(
    day      Date                             CODEC(ZSTD(1)),
    signal   Enum8('logs' = 1, 'spans' = 2)   CODEC(ZSTD(1)),
    trace_id FixedString(16)                  CODEC(ZSTD(1)),
    first    DateTime64(9, 'UTC')             CODEC(Delta(8), ZSTD(1)),
    last     DateTime64(9, 'UTC')             CODEC(Delta(8), ZSTD(1))
)
ENGINE = {{.Engine "MergeTree" "trace_times"}}
PARTITION BY day
ORDER BY (trace_id, signal)
SETTINGS {{.TraceSettings}};

{{.Distributed "trace_times"}}

CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Local "spans_trace_times"}} {{.OnCluster}} TO {{.Local "trace_times"}} AS
SELECT toDate(time) AS day, 'spans' AS signal, trace_id, min(time) AS first, max(time) AS last
FROM {{.Local "spans"}} WHERE trace_id != toFixedString('', 16) GROUP BY day, trace_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Local "logs_trace_times"}} {{.OnCluster}} TO {{.Local "trace_times"}} AS
SELECT toDate(time) AS day, 'logs' AS signal, trace_id, min(time) AS first, max(time) AS last
FROM {{.Local "logs"}} WHERE trace_id != toFixedString('', 16) GROUP BY day, trace_id;
