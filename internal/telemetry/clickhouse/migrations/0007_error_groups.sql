-- When each group of errors was first seen ever, so that what is new is known without
-- looking through all the minutes.
CREATE TABLE IF NOT EXISTS {{.Local "error_groups"}} {{.OnCluster}}
(
    service     LowCardinality(String)  CODEC(ZSTD(1)),
    env         LowCardinality(String)  CODEC(ZSTD(1)),
    error_group FixedString(8)          CODEC(ZSTD(1)),
    first       SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = {{.Engine "AggregatingMergeTree" "error_groups"}}
ORDER BY (service, env, error_group)
SETTINGS {{.MinuteSettings}};

{{.Distributed "error_groups"}}

CREATE MATERIALIZED VIEW IF NOT EXISTS {{.Local "minutes_errors_groups"}} {{.OnCluster}} TO {{.Local "error_groups"}} AS
SELECT service, env, error_group, min(first) AS first FROM {{.Local "minutes_errors"}} GROUP BY service, env, error_group;

INSERT INTO {{.Table "error_groups"}} SELECT service, env, error_group, min(first) FROM {{.Table "minutes_errors"}} GROUP BY service, env, error_group;
