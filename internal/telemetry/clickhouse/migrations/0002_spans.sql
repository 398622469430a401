-- Spans. The sort key is that of the logs. Attributes that pages ask for have columns.
CREATE TABLE IF NOT EXISTS {{.Local "spans"}} {{.OnCluster}}
(
    id                UInt64                  CODEC(Delta(8), ZSTD(1)),
    time              DateTime64(9, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    duration          Int64                   CODEC(T64, ZSTD(1)),
    env               LowCardinality(String)  CODEC(ZSTD(1)),
    service           LowCardinality(String)  CODEC(ZSTD(1)),
    version           LowCardinality(String)  CODEC(ZSTD(1)),
    instance          LowCardinality(String)  CODEC(ZSTD(1)),
    host              LowCardinality(String)  CODEC(ZSTD(1)),
    -- The resource's other attributes, a JSON object of strings, or nothing.
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
{{range .OwnColumns}}    {{.}} CODEC(ZSTD(1)),
{{end}}    attributes        Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    -- JSON arrays of objects (time, name, attributes; trace_id, span_id, attributes), or
    -- nothing, which most are.
    events            String                  CODEC(ZSTD(1)),
    links             String                  CODEC(ZSTD(1)),
    flags             UInt8                   CODEC(ZSTD(1)),
    -- What words are looked for in, where lower() of the columns is not: see text.go.
    folded            String                  CODEC(ZSTD(1))
)
ENGINE = {{.Engine "MergeTree" "spans"}}
PARTITION BY toDate(time)
PRIMARY KEY (toStartOfFiveMinutes(time), service, env)
ORDER BY (toStartOfFiveMinutes(time), service, env, time)
SETTINGS {{.Settings}};

{{.Distributed "spans"}}
