CREATE TABLE retention_rule (
    id         TEXT NOT NULL PRIMARY KEY, -- logs, spans, metrics: what was saved over a default
    signal     TEXT NOT NULL,
    service    TEXT NOT NULL,             -- '' is all
    env        TEXT NOT NULL,
    whole_days BIGINT NOT NULL,
    thin_days  BIGINT NOT NULL,
    one_in     BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    UNIQUE (signal, service, env)
);

-- What rows are like, as it was measured on the newest whole day of each service.
CREATE TABLE retention_measure (
    signal    TEXT NOT NULL,
    service   TEXT NOT NULL,
    env       TEXT NOT NULL,
    day       TEXT NOT NULL,
    row_count BIGINT NOT NULL,
    row_bytes DOUBLE PRECISION NOT NULL,
    notable   DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (signal, service, env)
);
