-- 0001_logs
CREATE TABLE IF NOT EXISTS yagura.logs_local ON CLUSTER main
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
ENGINE = ReplicatedMergeTree('/yagura/yagura/{shard}/logs', '{replica}')
PARTITION BY toDate(time)
PRIMARY KEY (toStartOfFiveMinutes(time), service, env)
ORDER BY (toStartOfFiveMinutes(time), service, env, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16,
    materialize_skip_indexes_on_merge = 0;

CREATE TABLE IF NOT EXISTS yagura.logs ON CLUSTER main AS yagura.logs_local ENGINE = Distributed(main, yagura, logs_local, rand());

-- 0002_spans
CREATE TABLE IF NOT EXISTS yagura.spans_local ON CLUSTER main
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
ENGINE = ReplicatedMergeTree('/yagura/yagura/{shard}/spans', '{replica}')
PARTITION BY toDate(time)
PRIMARY KEY (toStartOfFiveMinutes(time), service, env)
ORDER BY (toStartOfFiveMinutes(time), service, env, time)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16,
    materialize_skip_indexes_on_merge = 0;

CREATE TABLE IF NOT EXISTS yagura.spans ON CLUSTER main AS yagura.spans_local ENGINE = Distributed(main, yagura, spans_local, rand());

-- 0003_traces
CREATE TABLE IF NOT EXISTS yagura.trace_times_local ON CLUSTER main
(
    day      Date                             CODEC(ZSTD(1)),
    signal   Enum8('logs' = 1, 'spans' = 2)   CODEC(ZSTD(1)),
    trace_id FixedString(16)                  CODEC(ZSTD(1)),
    first    DateTime64(9, 'UTC')             CODEC(Delta(8), ZSTD(1)),
    last     DateTime64(9, 'UTC')             CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/yagura/yagura/{shard}/trace_times', '{replica}')
PARTITION BY day
ORDER BY (trace_id, signal)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16;

CREATE TABLE IF NOT EXISTS yagura.trace_times ON CLUSTER main AS yagura.trace_times_local ENGINE = Distributed(main, yagura, trace_times_local, rand());

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.spans_trace_times_local ON CLUSTER main TO yagura.trace_times_local AS
SELECT toDate(time) AS day, 'spans' AS signal, trace_id, min(time) AS first, max(time) AS last
FROM yagura.spans_local WHERE trace_id != toFixedString('', 16) GROUP BY day, trace_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.logs_trace_times_local ON CLUSTER main TO yagura.trace_times_local AS
SELECT toDate(time) AS day, 'logs' AS signal, trace_id, min(time) AS first, max(time) AS last
FROM yagura.logs_local WHERE trace_id != toFixedString('', 16) GROUP BY day, trace_id;

-- 0004_trials
CREATE TABLE IF NOT EXISTS yagura.logs_trial ON CLUSTER main AS yagura.logs_local ENGINE = Null;

CREATE TABLE IF NOT EXISTS yagura.spans_trial ON CLUSTER main AS yagura.spans_local ENGINE = Null;

-- 0005_indexes
ALTER TABLE yagura.logs_local ON CLUSTER main ADD INDEX IF NOT EXISTS attribute_index mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE yagura.logs_local ON CLUSTER main ADD INDEX IF NOT EXISTS resource_index JSONExtractKeys(resource) TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE yagura.spans_local ON CLUSTER main ADD INDEX IF NOT EXISTS attribute_index mapValues(attributes) TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE yagura.spans_local ON CLUSTER main ADD INDEX IF NOT EXISTS resource_index JSONExtractKeys(resource) TYPE bloom_filter(0.01) GRANULARITY 1;

ALTER TABLE yagura.spans_local ON CLUSTER main ADD INDEX IF NOT EXISTS text_index if(empty(folded), lower(concatWithSeparator('\0', name, status_message, exception_type, exception_message, db_query_text, url_path, url_full)), folded) TYPE text(tokenizer = ngrams(2));

ALTER TABLE yagura.logs_local ON CLUSTER main MODIFY SETTING materialize_skip_indexes_on_merge = 1;

ALTER TABLE yagura.spans_local ON CLUSTER main MODIFY SETTING materialize_skip_indexes_on_merge = 1;

-- 0006_derived
ALTER TABLE yagura.logs_local ON CLUSTER main
    ADD COLUMN IF NOT EXISTS arrived             DateTime64(9, 'UTC')   CODEC(Delta(8), ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group         FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_type    LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_message LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_frame   LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS pattern_id          FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS pattern             LowCardinality(String) CODEC(ZSTD(1));

ALTER TABLE yagura.logs ON CLUSTER main
    ADD COLUMN IF NOT EXISTS arrived             DateTime64(9, 'UTC')   CODEC(Delta(8), ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group         FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_type    LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_message LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_frame   LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS pattern_id          FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS pattern             LowCardinality(String) CODEC(ZSTD(1));

ALTER TABLE yagura.logs_trial ON CLUSTER main
    ADD COLUMN IF NOT EXISTS arrived             DateTime64(9, 'UTC')   CODEC(Delta(8), ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group         FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_type    LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_message LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS error_group_frame   LowCardinality(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS pattern_id          FixedString(8)         CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS pattern             LowCardinality(String) CODEC(ZSTD(1));

ALTER TABLE yagura.spans_local ON CLUSTER main
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

ALTER TABLE yagura.spans ON CLUSTER main
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

ALTER TABLE yagura.spans_trial ON CLUSTER main
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

CREATE TABLE IF NOT EXISTS yagura.minutes_requests_local ON CLUSTER main
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
ENGINE = ReplicatedAggregatingMergeTree('/yagura/yagura/{shard}/minutes_requests', '{replica}')
PARTITION BY toYYYYMM(minute)
PRIMARY KEY (toStartOfHour(minute), kind, service)
ORDER BY (toStartOfHour(minute), kind, service, env, endpoint, peer_kind, peer, operation_id, version, code, minute, arrival, band)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16;

CREATE TABLE IF NOT EXISTS yagura.minutes_requests ON CLUSTER main AS yagura.minutes_requests_local ENGINE = Distributed(main, yagura, minutes_requests_local, rand());

CREATE TABLE IF NOT EXISTS yagura.minutes_instances_local ON CLUSTER main
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
ENGINE = ReplicatedAggregatingMergeTree('/yagura/yagura/{shard}/minutes_instances', '{replica}')
PARTITION BY toYYYYMM(minute)
PRIMARY KEY (toStartOfHour(minute), service, env)
ORDER BY (toStartOfHour(minute), service, env, version, instance, host, level, minute, arrival)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16;

CREATE TABLE IF NOT EXISTS yagura.minutes_instances ON CLUSTER main AS yagura.minutes_instances_local ENGINE = Distributed(main, yagura, minutes_instances_local, rand());

CREATE TABLE IF NOT EXISTS yagura.minutes_errors_local ON CLUSTER main
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
ENGINE = ReplicatedAggregatingMergeTree('/yagura/yagura/{shard}/minutes_errors', '{replica}')
PARTITION BY toYYYYMM(minute)
PRIMARY KEY (toStartOfHour(minute), service, env)
ORDER BY (toStartOfHour(minute), service, env, error_group, endpoint, version, signal, minute, arrival)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16;

CREATE TABLE IF NOT EXISTS yagura.minutes_errors ON CLUSTER main AS yagura.minutes_errors_local ENGINE = Distributed(main, yagura, minutes_errors_local, rand());

CREATE TABLE IF NOT EXISTS yagura.minutes_logs_local ON CLUSTER main
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
ENGINE = ReplicatedAggregatingMergeTree('/yagura/yagura/{shard}/minutes_logs', '{replica}')
PARTITION BY toYYYYMM(minute)
PRIMARY KEY (toStartOfHour(minute), service, env)
ORDER BY (toStartOfHour(minute), service, env, level, pattern_id, version, minute, arrival)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16;

CREATE TABLE IF NOT EXISTS yagura.minutes_logs ON CLUSTER main AS yagura.minutes_logs_local ENGINE = Distributed(main, yagura, minutes_logs_local, rand());

CREATE TABLE IF NOT EXISTS yagura.hours_peers_local ON CLUSTER main
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
ENGINE = ReplicatedSummingMergeTree('/yagura/yagura/{shard}/hours_peers', '{replica}')
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, service, env, peer_kind, peer, to_service, to_env, to_endpoint)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16;

CREATE TABLE IF NOT EXISTS yagura.hours_peers ON CLUSTER main AS yagura.hours_peers_local ENGINE = Distributed(main, yagura, hours_peers_local, rand());

CREATE TABLE IF NOT EXISTS yagura.rebuilds ON CLUSTER main
(
    id      String,
    updated DateTime64(6, 'UTC'),
    state   String
)
ENGINE = ReplicatedReplacingMergeTree('/yagura/yagura/all/rebuilds', '{shard}-{replica}', updated)
ORDER BY id;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.spans_minutes_requests_local ON CLUSTER main TO yagura.minutes_requests_local AS
SELECT toStartOfMinute(time) AS minute, toStartOfTenMinutes(arrived) AS arrival, service, env, version, kind, endpoint, code, peer_kind, peer, operation_id, toUInt16(if(duration <= 0, 0, 1 + ceil(log(duration) / 0.040005334613699206))) AS band, any(operation) AS operation_text, count() AS requests, countIf(status = 2) AS errors, sum(toUInt64(least(greatest(duration, 0), 1125899906842624))) AS total
FROM yagura.spans_local WHERE (kind IN (2, 5) OR peer_kind != '')
GROUP BY minute, arrival, service, env, version, kind, endpoint, code, peer_kind, peer, operation_id, band;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.spans_minutes_instances_local ON CLUSTER main TO yagura.minutes_instances_local AS
SELECT toStartOfMinute(time) AS minute, toStartOfTenMinutes(arrived) AS arrival, service, env, version, instance, host, toUInt8(7) AS level, any(resource) AS resource_text, count() AS seen, min(time) AS first, max(time) AS last
FROM yagura.spans_local WHERE 1
GROUP BY minute, arrival, service, env, version, instance, host, level;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.logs_minutes_instances_local ON CLUSTER main TO yagura.minutes_instances_local AS
SELECT toStartOfMinute(time) AS minute, toStartOfTenMinutes(arrived) AS arrival, service, env, version, instance, host, toUInt8(if(severity = 0 OR severity > 24, 0, intDiv(severity - 1, 4) + 1)) AS level, any(resource) AS resource_text, count() AS seen, min(time) AS first, max(time) AS last
FROM yagura.logs_local WHERE 1
GROUP BY minute, arrival, service, env, version, instance, host, level;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.spans_minutes_errors_local ON CLUSTER main TO yagura.minutes_errors_local AS
SELECT toStartOfMinute(time) AS minute, toStartOfTenMinutes(arrived) AS arrival, service, env, version, endpoint AS endpoint, toUInt8(2) AS signal, error_group, any(error_group_type) AS type_text, any(error_group_message) AS message_text, any(error_group_frame) AS frame_text, count() AS occurrences, min(time) AS first, max((time, trace_id, span_id)) AS example, uniqStateIf(if(attributes['user.id'] != '', attributes['user.id'], attributes['enduser.id']), if(attributes['user.id'] != '', attributes['user.id'], attributes['enduser.id']) != '') AS users
FROM yagura.spans_local WHERE error_group != toFixedString('', 8)
GROUP BY minute, arrival, service, env, version, endpoint, signal, error_group;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.logs_minutes_errors_local ON CLUSTER main TO yagura.minutes_errors_local AS
SELECT toStartOfMinute(time) AS minute, toStartOfTenMinutes(arrived) AS arrival, service, env, version, '' AS endpoint, toUInt8(1) AS signal, error_group, any(error_group_type) AS type_text, any(error_group_message) AS message_text, any(error_group_frame) AS frame_text, count() AS occurrences, min(time) AS first, max((time, trace_id, span_id)) AS example, uniqStateIf(if(attributes['user.id'] != '', attributes['user.id'], attributes['enduser.id']), if(attributes['user.id'] != '', attributes['user.id'], attributes['enduser.id']) != '') AS users
FROM yagura.logs_local WHERE error_group != toFixedString('', 8)
GROUP BY minute, arrival, service, env, version, endpoint, signal, error_group;

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.logs_minutes_logs_local ON CLUSTER main TO yagura.minutes_logs_local AS
SELECT toStartOfMinute(time) AS minute, toStartOfTenMinutes(arrived) AS arrival, service, env, version, toUInt8(if(severity = 0 OR severity > 24, 0, intDiv(severity - 1, 4) + 1)) AS level, pattern_id, any(pattern) AS pattern_text, count() AS logs, leftUTF8(any(body), 300) AS example
FROM yagura.logs_local WHERE 1
GROUP BY minute, arrival, service, env, version, level, pattern_id;

-- 0007_error_groups
CREATE TABLE IF NOT EXISTS yagura.error_groups_local ON CLUSTER main
(
    service     LowCardinality(String)  CODEC(ZSTD(1)),
    env         LowCardinality(String)  CODEC(ZSTD(1)),
    error_group FixedString(8)          CODEC(ZSTD(1)),
    first       SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/yagura/yagura/{shard}/error_groups', '{replica}')
ORDER BY (service, env, error_group)
SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_parts_to_merge_at_once = 16;

CREATE TABLE IF NOT EXISTS yagura.error_groups ON CLUSTER main AS yagura.error_groups_local ENGINE = Distributed(main, yagura, error_groups_local, rand());

CREATE MATERIALIZED VIEW IF NOT EXISTS yagura.minutes_errors_groups_local ON CLUSTER main TO yagura.error_groups_local AS
SELECT service, env, error_group, min(first) AS first FROM yagura.minutes_errors_local GROUP BY service, env, error_group;

INSERT INTO yagura.error_groups SELECT service, env, error_group, min(first) FROM yagura.minutes_errors GROUP BY service, env, error_group;

-- 0008_rebuild
CREATE TABLE IF NOT EXISTS yagura.rebuild_spans_local ON CLUSTER main
(
    time DateTime64(9, 'UTC'), arrived DateTime64(9, 'UTC'), duration Int64,
    env LowCardinality(String), service LowCardinality(String), version LowCardinality(String), instance LowCardinality(String), host LowCardinality(String),
    resource LowCardinality(String), trace_id FixedString(16), span_id FixedString(8), kind UInt8, status UInt8, endpoint LowCardinality(String),
    code LowCardinality(String), peer_kind LowCardinality(String), peer LowCardinality(String), operation_id FixedString(8), operation LowCardinality(String),
    error_group FixedString(8), error_group_type LowCardinality(String), error_group_message LowCardinality(String), error_group_frame LowCardinality(String),
    attributes Map(LowCardinality(String), String)
)
ENGINE = ReplicatedMergeTree('/yagura/yagura/{shard}/rebuild_spans', '{replica}')
ORDER BY time;

CREATE TABLE IF NOT EXISTS yagura.rebuild_spans ON CLUSTER main AS yagura.rebuild_spans_local ENGINE = Distributed(main, yagura, rebuild_spans_local, rand());

CREATE TABLE IF NOT EXISTS yagura.rebuild_logs_local ON CLUSTER main
(
    time DateTime64(9, 'UTC'), arrived DateTime64(9, 'UTC'), severity UInt8, body String,
    env LowCardinality(String), service LowCardinality(String), version LowCardinality(String), instance LowCardinality(String), host LowCardinality(String),
    resource LowCardinality(String), trace_id FixedString(16), span_id FixedString(8), pattern_id FixedString(8), pattern LowCardinality(String),
    error_group FixedString(8), error_group_type LowCardinality(String), error_group_message LowCardinality(String), error_group_frame LowCardinality(String),
    attributes Map(LowCardinality(String), String)
)
ENGINE = ReplicatedMergeTree('/yagura/yagura/{shard}/rebuild_logs', '{replica}')
ORDER BY time;

CREATE TABLE IF NOT EXISTS yagura.rebuild_logs ON CLUSTER main AS yagura.rebuild_logs_local ENGINE = Distributed(main, yagura, rebuild_logs_local, rand());

-- 0009_old_parts
ALTER TABLE yagura.logs_local ON CLUSTER main MODIFY SETTING old_parts_lifetime = 90;

ALTER TABLE yagura.spans_local ON CLUSTER main MODIFY SETTING old_parts_lifetime = 90;

ALTER TABLE yagura.trace_times_local ON CLUSTER main MODIFY SETTING old_parts_lifetime = 90;

ALTER TABLE yagura.minutes_requests_local ON CLUSTER main MODIFY SETTING old_parts_lifetime = 90;

ALTER TABLE yagura.minutes_instances_local ON CLUSTER main MODIFY SETTING old_parts_lifetime = 90;

ALTER TABLE yagura.minutes_errors_local ON CLUSTER main MODIFY SETTING old_parts_lifetime = 90;

ALTER TABLE yagura.minutes_logs_local ON CLUSTER main MODIFY SETTING old_parts_lifetime = 90;

ALTER TABLE yagura.error_groups_local ON CLUSTER main MODIFY SETTING old_parts_lifetime = 90;

-- 0010_keeping
CREATE TABLE IF NOT EXISTS yagura.kept_days ON CLUSTER main
(
    day         Date,
    signal      LowCardinality(String),
    service     String,
    env         String,
    state       LowCardinality(String),
    one_in      UInt32,
    rows_before UInt64,
    rows_after  UInt64,
    done        UInt8,
    updated     DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/yagura/yagura/all/kept_days', '{shard}-{replica}', updated)
ORDER BY (day, signal, service, env);

CREATE TABLE IF NOT EXISTS yagura.kept_traces ON CLUSTER main
(
    purpose LowCardinality(String),
    day     Date,
    hash    UInt64
)
ENGINE = ReplicatedMergeTree('/yagura/yagura/all/kept_traces', '{shard}-{replica}')
PARTITION BY (purpose, day)
ORDER BY hash;

-- 0011_archive
ALTER TABLE yagura.logs_local ON CLUSTER main ADD COLUMN IF NOT EXISTS attached UInt8 CODEC(ZSTD(1));

ALTER TABLE yagura.logs ON CLUSTER main ADD COLUMN IF NOT EXISTS attached UInt8 CODEC(ZSTD(1));

ALTER TABLE yagura.logs_trial ON CLUSTER main ADD COLUMN IF NOT EXISTS attached UInt8 CODEC(ZSTD(1));

ALTER TABLE yagura.spans_local ON CLUSTER main ADD COLUMN IF NOT EXISTS attached UInt8 CODEC(ZSTD(1));

ALTER TABLE yagura.spans ON CLUSTER main ADD COLUMN IF NOT EXISTS attached UInt8 CODEC(ZSTD(1));

ALTER TABLE yagura.spans_trial ON CLUSTER main ADD COLUMN IF NOT EXISTS attached UInt8 CODEC(ZSTD(1));

CREATE TABLE IF NOT EXISTS yagura.kept_attached ON CLUSTER main
(
    day      Date,
    signal   LowCardinality(String),
    state    LowCardinality(String),
    row_count UInt64,
    until    DateTime('UTC'),
    updated  DateTime64(6, 'UTC')
)
ENGINE = ReplicatedReplacingMergeTree('/yagura/yagura/all/kept_attached', '{shard}-{replica}', updated)
ORDER BY (day, signal);

-- 0012_fewer_merges
ALTER TABLE yagura.logs_local ON CLUSTER main MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;

ALTER TABLE yagura.spans_local ON CLUSTER main MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;

ALTER TABLE yagura.trace_times_local ON CLUSTER main MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;

ALTER TABLE yagura.minutes_requests_local ON CLUSTER main MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;

ALTER TABLE yagura.minutes_instances_local ON CLUSTER main MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;

ALTER TABLE yagura.minutes_errors_local ON CLUSTER main MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;

ALTER TABLE yagura.minutes_logs_local ON CLUSTER main MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;

ALTER TABLE yagura.error_groups_local ON CLUSTER main MODIFY SETTING merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0, merge_selector_base = 12;

