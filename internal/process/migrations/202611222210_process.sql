CREATE TABLE process (
    id         TEXT PRIMARY KEY,
    role       TEXT   NOT NULL,
    host       TEXT   NOT NULL,
    pid        BIGINT NOT NULL,
    version    TEXT   NOT NULL,
    url        TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    left_at    BIGINT NOT NULL,
    detail     TEXT   NOT NULL
);
CREATE TABLE process_key (
    id     BIGINT PRIMARY KEY,
    secret TEXT NOT NULL
);
