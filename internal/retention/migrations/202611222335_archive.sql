-- What is in the archive, by day and signal, what is asked for, and how the last attempt went.
-- The manifests in the archive are the truth; this is read anew from them.
CREATE TABLE retention_archive (
    signal      TEXT NOT NULL,
    day         TEXT NOT NULL,
    row_count   BIGINT NOT NULL,
    byte_count  BIGINT NOT NULL,
    file_count  BIGINT NOT NULL,
    generations BIGINT NOT NULL,          -- 0: not archived yet
    first_at    BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    cut         BIGINT NOT NULL,          -- rows that arrived before it are in the archive, all of them
    archived_at BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,
    wanted      TEXT NOT NULL,            -- '', archive, verify, attach, detach
    wanted_by   TEXT NOT NULL,
    wanted_at   BIGINT NOT NULL,
    until       BIGINT NOT NULL,          -- of what is to be attached
    done        BIGINT NOT NULL,          -- files of total
    total       BIGINT NOT NULL,
    error_en    TEXT NOT NULL,
    error_ja    TEXT NOT NULL,
    tried_at    BIGINT NOT NULL,
    PRIMARY KEY (signal, day)
);
