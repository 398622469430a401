-- Logs. The sort key is time first, in steps of five minutes, so that "the newest" and "an
-- hour of it" read little; service and environment within a step, so that one service is
-- read without the others and like rows lie side by side. The time itself is not of the
-- primary key: if it were, the engine would use it instead of the step, and skip nothing.
CREATE TABLE IF NOT EXISTS {{.Local "logs"}} {{.OnCluster}}
(
    id                UInt64                  CODEC(Delta(8), ZSTD(1)),
    time              DateTime64(9, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    observed          DateTime64(9, 'UTC')    CODEC(Delta(8), ZSTD(1)),
    env               LowCardinality(String)  CODEC(ZSTD(1)),
    service           LowCardinality(String)  CODEC(ZSTD(1)),
    version           LowCardinality(String)  CODEC(ZSTD(1)),
    instance          LowCardinality(String)  CODEC(ZSTD(1)),
    host              LowCardinality(String)  CODEC(ZSTD(1)),
    -- The resource's other attributes, a JSON object of strings, or nothing.
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
    -- What words are looked for in, where it is not lower(body): see text.go.
    folded            String                  CODEC(ZSTD(1)),
    INDEX text_index {{.LogText}} TYPE text(tokenizer = ngrams(2))
)
ENGINE = {{.Engine "MergeTree" "logs"}}
PARTITION BY toDate(time)
PRIMARY KEY (toStartOfFiveMinutes(time), service, env)
ORDER BY (toStartOfFiveMinutes(time), service, env, time)
SETTINGS {{.Settings}};

{{.Distributed "logs"}}
