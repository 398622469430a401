-- What is derived of a row on arrival. Rows from before have nothing in these columns, and
-- arrived at 0.
{{range .Altered "logs"}}
ALTER TABLE {{.}} {{$.OnCluster}}
    ADD COLUMN IF NOT EXISTS arrived             DateTime64(9, 'UTC')   CODEC(Delta(8), ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group         FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_type    LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_message LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_frame   LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS pattern_id          FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS pattern             LowCardinality(String) CODEC(ZSTD(1));
{{end}}
{{range .Altered "spans"}}
ALTER TABLE {{.}} {{$.OnCluster}}
    ADD COLUMN IF NOT EXISTS arrived             DateTime64(9, 'UTC')   CODEC(Delta(8), ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group         FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_type    LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_message LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_frame   LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS code                LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS peer_kind           LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS peer                LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS operation_id        FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS operation           LowCardinality(String) CODEC(ZSTD(1));
{{end}}
-- Requests and calls: server and consumer spans, and every span that has a peer.
CREATE TABLE IF NOT EXISTS {{.Local "minutes_requests"}} {{.OnCluster}}
(
    minute         DateTime('UTC')         CODEC(Delta(4), ZSTD(1)),
    arrival        DateTime('UTC')         CODEC(ZSTD(1)),
    service        LowCardinality(String)  CODEC(ZSTD(1)),
    env            LowCardinality(String)  CODEC(ZSTD(1)),
    version        LowCardinality(String)  CODEC(ZSTD(1)),
    kind           UInt8                   CODEC(ZSTD(1)),
    endpoint       LowCardinality(String)  CODEC(ZSTD(1)),
    code           LowCardinality(String)  CODEC(ZSTD(1)),
    peer_kind      LowCardinality(String)  CODEC(ZSTD(1)),
    peer           LowCardinality(String)  CODEC(ZSTD(1)),
    operation_id   FixedString(8)          CODEC(ZSTD(1)),
    band           UInt16                  CODEC(Delta(2), ZSTD(1)),
    operation_text SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    requests       SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    errors         SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    total          SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1))
)
ENGINE = {{.Engine "AggregatingMergeTree" "minutes_requests"}}
PARTITION BY toYYYYMM(minute)
PRIMARY KEY (toStartOfHour(minute), kind, service)
ORDER BY (toStartOfHour(minute), kind, service, env, endpoint, peer_kind, peer, operation_id, version, code, minute, arrival, band)
SETTINGS {{.MinuteSettings}};

{{.Distributed "minutes_requests"}}

-- Who sent how much: spans (level 7) and logs by level (0 none, 1 trace ... 6 fatal).
CREATE TABLE IF NOT EXISTS {{.Local "minutes_instances"}} {{.OnCluster}}
(
    minute        DateTime('UTC')         CODEC(Delta(4), ZSTD(1)),
    arrival       DateTime('UTC')         CODEC(ZSTD(1)),
    service       LowCardinality(String)  CODEC(ZSTD(1)),
    env           LowCardinality(String)  CODEC(ZSTD(1)),
    version       LowCardinality(String)  CODEC(ZSTD(1)),
    instance      LowCardinality(String)  CODEC(ZSTD(1)),
    host          LowCardinality(String)  CODEC(ZSTD(1)),
    level         UInt8                   CODEC(ZSTD(1)),
    resource_text SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    seen          SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    first         SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    last          SimpleAggregateFunction(max, DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1))
)
ENGINE = {{.Engine "AggregatingMergeTree" "minutes_instances"}}
PARTITION BY toYYYYMM(minute)
PRIMARY KEY (toStartOfHour(minute), service, env)
ORDER BY (toStartOfHour(minute), service, env, version, instance, host, level, minute, arrival)
SETTINGS {{.MinuteSettings}};

{{.Distributed "minutes_instances"}}

-- Groups of errors.
CREATE TABLE IF NOT EXISTS {{.Local "minutes_errors"}} {{.OnCluster}}
(
    minute       DateTime('UTC')         CODEC(Delta(4), ZSTD(1)),
    arrival      DateTime('UTC')         CODEC(ZSTD(1)),
    service      LowCardinality(String)  CODEC(ZSTD(1)),
    env          LowCardinality(String)  CODEC(ZSTD(1)),
    version      LowCardinality(String)  CODEC(ZSTD(1)),
    endpoint     LowCardinality(String)  CODEC(ZSTD(1)),
    signal       UInt8                   CODEC(ZSTD(1)),
    error_group  FixedString(8)          CODEC(ZSTD(1)),
    type_text    SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    message_text SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    frame_text   SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    occurrences  SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    first        SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    example      SimpleAggregateFunction(max, Tuple(DateTime64(9, 'UTC'), FixedString(16), FixedString(8))) CODEC(ZSTD(1)),
    users        AggregateFunction(uniq, String) CODEC(ZSTD(1))
)
ENGINE = {{.Engine "AggregatingMergeTree" "minutes_errors"}}
PARTITION BY toYYYYMM(minute)
PRIMARY KEY (toStartOfHour(minute), service, env)
ORDER BY (toStartOfHour(minute), service, env, error_group, endpoint, version, signal, minute, arrival)
SETTINGS {{.MinuteSettings}};

{{.Distributed "minutes_errors"}}

-- Logs by level and pattern.
CREATE TABLE IF NOT EXISTS {{.Local "minutes_logs"}} {{.OnCluster}}
(
    minute       DateTime('UTC')         CODEC(Delta(4), ZSTD(1)),
    arrival      DateTime('UTC')         CODEC(ZSTD(1)),
    service      LowCardinality(String)  CODEC(ZSTD(1)),
    env          LowCardinality(String)  CODEC(ZSTD(1)),
    version      LowCardinality(String)  CODEC(ZSTD(1)),
    level        UInt8                   CODEC(ZSTD(1)),
    pattern_id   FixedString(8)          CODEC(ZSTD(1)),
    pattern_text SimpleAggregateFunction(any, LowCardinality(String)) CODEC(ZSTD(1)),
    logs         SimpleAggregateFunction(sum, UInt64) CODEC(T64, ZSTD(1)),
    example      SimpleAggregateFunction(any, String)               CODEC(ZSTD(1))
)
ENGINE = {{.Engine "AggregatingMergeTree" "minutes_logs"}}
PARTITION BY toYYYYMM(minute)
PRIMARY KEY (toStartOfHour(minute), service, env)
ORDER BY (toStartOfHour(minute), service, env, level, pattern_id, version, minute, arrival)
SETTINGS {{.MinuteSettings}};

{{.Distributed "minutes_logs"}}

-- Which service answers at an address, from sampled traces, by the hour: how many of the
-- calls that a service made to a peer were answered where.
CREATE TABLE IF NOT EXISTS {{.Local "hours_peers"}} {{.OnCluster}}
(
    hour        DateTime('UTC')         CODEC(Delta(4), ZSTD(1)),
    service     LowCardinality(String)  CODEC(ZSTD(1)),
    env         LowCardinality(String)  CODEC(ZSTD(1)),
    peer_kind   LowCardinality(String)  CODEC(ZSTD(1)),
    peer        LowCardinality(String)  CODEC(ZSTD(1)),
    to_service  LowCardinality(String)  CODEC(ZSTD(1)),
    to_env      LowCardinality(String)  CODEC(ZSTD(1)),
    to_endpoint LowCardinality(String)  CODEC(ZSTD(1)),
    calls       UInt64                  CODEC(T64, ZSTD(1))
)
ENGINE = {{.Engine "SummingMergeTree" "hours_peers"}}
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, service, env, peer_kind, peer, to_service, to_env, to_endpoint)
SETTINGS {{.MinuteSettings}};

{{.Distributed "hours_peers"}}

-- Rebuildings that were asked for, and how far they are: the newest row of an id counts.
CREATE TABLE IF NOT EXISTS {{.Table "rebuilds"}} {{.OnCluster}}
(
    id      String,
    updated DateTime64(6, 'UTC'),
    state   String
)
ENGINE = {{.Everywhere "ReplacingMergeTree" "rebuilds" "updated"}}
ORDER BY id;

{{range .MinuteViews}}
{{.}}
{{end}}
