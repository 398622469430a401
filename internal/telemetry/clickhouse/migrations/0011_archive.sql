-- Rows that were brought back from the archive. New ones always have 0 here.
{{range $name := .AttachedTables}}{{range $.Altered $name}}
ALTER TABLE {{.}} {{$.OnCluster}} ADD COLUMN IF NOT EXISTS attached UInt8 CODEC(ZSTD(1));
{{end}}{{end}}
-- Days that were brought back: noted before it is begun, and again when it is done.
CREATE TABLE IF NOT EXISTS {{.Table "kept_attached"}} {{.OnCluster}}
(
    day      Date,
    signal   LowCardinality(String),
    state    LowCardinality(String),
    row_count UInt64,
    until    DateTime('UTC'),
    updated  DateTime64(6, 'UTC')
)
ENGINE = {{.Everywhere "ReplacingMergeTree" "kept_attached" "updated"}}
ORDER BY (day, signal);
