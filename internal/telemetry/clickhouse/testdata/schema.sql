-- 0001_logs
CREATE TABLE IF NOT EXISTS yagura.logs 
(
    id                UInt64                  CODEC(Delta(8), ZSTD(1)),
    time              DateTime64(9, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    observed          DateTime64(9, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    env               LowCardinality(String)  CODEC(ZSTD(1)),
    service           LowCardinality(String)  CODEC(ZSTD(1)),
    version           LowCardinality(String)  CODEC(ZSTD(1)),
    instance          LowCardinality(String)  CODEC(ZSTD(1)),
    host              LowCardinality(String)  CODEC(ZSTD(1)),
    resource          LowCardinality(String)  CODEC(ZSTD(1)),
    trace_id          FixedString(16)         CODEC(ZSTD(1)),
    span_id           FixedString(8)          CODEC(ZSTD(1)),
    severity          UInt8                   CODEC(ZSTD(1)),
    severity_text     LowCardinality(String)  CODEC(ZSTD(1)),
    event             LowCardinality(String)  CODEC(ZSTD(1)),
    scope             LowCardinality(String)  CODEC(ZSTD(1)),
    body              String                  CODEC(ZSTD(1)),
    exception_type    LowCardinality(String)  CODEC(ZSTD(1)),
    exception_message String                  CODEC(ZSTD(1)),
    exception_stack   String                  CODEC(ZSTD(1)),
    attributes        Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    flags             UInt8                   CODEC(ZSTD(1)),
    folded            String                  CODEC(ZSTD(1)),
    INDEX text_index if(empty(folded), lower(body), folded) TYPE text(tokenizer = ngrams(2))
)
ENGINE = MergeTree
PARTITION BY toDate(time)
PRIMARY KEY (toStartOfFiveMinutes(time), service, env)
ORDER BY (toStartOfFiveMinutes(time), service, env, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16,
    materialize_skip_indexes_on_merge = 0;

-- 0002_spans
CREATE TABLE IF NOT EXISTS yagura.spans 
(
    id                UInt64                  CODEC(Delta(8), ZSTD(1)),
    time              DateTime64(9, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    duration          Int64                   CODEC(T64, ZSTD(1)),
    env               LowCardinality(String)  CODEC(ZSTD(1)),
    service           LowCardinality(String)  CODEC(ZSTD(1)),
    version           LowCardinality(String)  CODEC(ZSTD(1)),
    instance          LowCardinality(String)  CODEC(ZSTD(1)),
    host              LowCardinality(String)  CODEC(ZSTD(1)),
    resource          LowCardinality(String)  CODEC(ZSTD(1)),
    trace_id          FixedString(16)         CODEC(ZSTD(1)),
    span_id           FixedString(8)          CODEC(ZSTD(1)),
    parent_id         FixedString(8)          CODEC(ZSTD(1)),
    trace_state       String                  CODEC(ZSTD(1)),
    name              LowCardinality(String)  CODEC(ZSTD(1)),
    kind              UInt8                   CODEC(ZSTD(1)),
    status            UInt8                   CODEC(ZSTD(1)),
    status_message    String                  CODEC(ZSTD(1)),
    scope             LowCardinality(String)  CODEC(ZSTD(1)),
    endpoint          LowCardinality(String)  CODEC(ZSTD(1)),
    exception_type    LowCardinality(String)  CODEC(ZSTD(1)),
    exception_message String                  CODEC(ZSTD(1)),
    exception_stack   String                  CODEC(ZSTD(1)),
    db_query_text              String                  CODEC(ZSTD(1)),
    db_system_name             LowCardinality(String)  CODEC(ZSTD(1)),
    error_type                 LowCardinality(String)  CODEC(ZSTD(1)),
    http_request_method        LowCardinality(String)  CODEC(ZSTD(1)),
    http_response_status_code  LowCardinality(String)  CODEC(ZSTD(1)),
    http_route                 LowCardinality(String)  CODEC(ZSTD(1)),
    messaging_destination_name LowCardinality(String)  CODEC(ZSTD(1)),
    rpc_method                 LowCardinality(String)  CODEC(ZSTD(1)),
    server_address             LowCardinality(String)  CODEC(ZSTD(1)),
    url_full                   String                  CODEC(ZSTD(1)),
    url_path                   String                  CODEC(ZSTD(1)),
    attributes        Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    events            String                  CODEC(ZSTD(1)),
    links             String                  CODEC(ZSTD(1)),
    flags             UInt8                   CODEC(ZSTD(1)),
    folded            String                  CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(time)
PRIMARY KEY (toStartOfFiveMinutes(time), service, env)
ORDER BY (toStartOfFiveMinutes(time), service, env, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16,
    materialize_skip_indexes_on_merge = 0;

-- 0003_traces
CREATE TABLE IF NOT EXISTS yagura.trace_times 
(
    day      Date                             CODEC(ZSTD(1)),
    signal   Enum8('logs' = 1, 'spans' = 2)   CODEC(ZSTD(1)),
    trace_id FixedString(16)                  CODEC(ZSTD(1)),
    first    DateTime64(9, 'UTC')             CODEC(Delta(8), ZSTD(1)),
    last     DateTime64(9, 'UTC')             CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY day
ORDER BY (trace_id, signal)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.spans_trace_times  TO yagura.trace_times AS
SELECT toDate(time) AS day, 'spans' AS signal, trace_id, min(time) AS first, max(time) AS last
FROM yagura.spans WHERE trace_id != toFixedString('', 16) GROUP BY day, trace_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.logs_trace_times  TO yagura.trace_times AS
SELECT toDate(time) AS day, 'logs' AS signal, trace_id, min(time) AS first, max(time) AS last
FROM yagura.logs WHERE trace_id != toFixedString('', 16) GROUP BY day, trace_id;

-- 0004_trials
CREATE TABLE IF NOT EXISTS yagura.logs_trial  AS yagura.logs ENGINE = Null;

CREATE TABLE IF NOT EXISTS yagura.spans_trial  AS yagura.spans ENGINE = Null;

