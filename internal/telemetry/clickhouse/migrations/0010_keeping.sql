-- What was taken away of which day, by service: noted before it is begun, and again when it
-- is done. Figures are not computed anew from rows that are not all there.
CREATE TABLE IF NOT EXISTS {{.Table "kept_days"}} {{.OnCluster}}
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
ENGINE = {{.Everywhere "ReplacingMergeTree" "kept_days" "updated"}}
ORDER BY (day, signal, service, env);

-- The traces that stay, by a hash of their ids, while a day is thinned or measured.
CREATE TABLE IF NOT EXISTS {{.Table "kept_traces"}} {{.OnCluster}}
(
    purpose LowCardinality(String),
    day     Date,
    hash    UInt64
)
ENGINE = {{.EverywherePlain "MergeTree" "kept_traces"}}
PARTITION BY (purpose, day)
ORDER BY hash;
