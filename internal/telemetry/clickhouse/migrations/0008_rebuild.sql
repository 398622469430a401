-- Where rows wait whose shapes are worked out anew, an hour at a time. What a view looks at
-- is all they have.
CREATE TABLE IF NOT EXISTS {{.Local "rebuild_spans"}} {{.OnCluster}}
(
    time DateTime64(9, 'UTC'), arrived DateTime64(9, 'UTC'), duration Int64,
    env LowCardinality(String), service LowCardinality(String), version LowCardinality(String), instance LowCardinality(String), host LowCardinality(String),
    resource LowCardinality(String), trace_id FixedString(16), span_id FixedString(8), kind UInt8, status UInt8, endpoint LowCardinality(String),
    code LowCardinality(String), peer_kind LowCardinality(String), peer LowCardinality(String), operation_id FixedString(8), operation LowCardinality(String),
    error_group FixedString(8), error_group_type LowCardinality(String), error_group_message LowCardinality(String), error_group_frame LowCardinality(String),
    attributes Map(LowCardinality(String), String)
)
ENGINE = {{.Engine "MergeTree" "rebuild_spans"}}
ORDER BY time;

{{.Distributed "rebuild_spans"}}

CREATE TABLE IF NOT EXISTS {{.Local "rebuild_logs"}} {{.OnCluster}}
(
    time DateTime64(9, 'UTC'), arrived DateTime64(9, 'UTC'), severity UInt8, body String,
    env LowCardinality(String), service LowCardinality(String), version LowCardinality(String), instance LowCardinality(String), host LowCardinality(String),
    resource LowCardinality(String), trace_id FixedString(16), span_id FixedString(8), pattern_id FixedString(8), pattern LowCardinality(String),
    error_group FixedString(8), error_group_type LowCardinality(String), error_group_message LowCardinality(String), error_group_frame LowCardinality(String),
    attributes Map(LowCardinality(String), String)
)
ENGINE = {{.Engine "MergeTree" "rebuild_logs"}}
ORDER BY time;

{{.Distributed "rebuild_logs"}}
