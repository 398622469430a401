-- Tables that keep nothing. A block that is refused for an unknown reason is sent here once,
-- to learn whether its rows are to blame: see errors.go.
CREATE TABLE IF NOT EXISTS {{.Table "logs_trial"}} {{.OnCluster}} AS {{.Local "logs"}} ENGINE = Null;
CREATE TABLE IF NOT EXISTS {{.Table "spans_trial"}} {{.OnCluster}} AS {{.Local "spans"}} ENGINE = Null;
