CREATE TABLE notify_destination (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL UNIQUE, -- folded
    kind       TEXT NOT NULL,
    lang       TEXT NOT NULL,
    settings   TEXT NOT NULL,        -- JSON by kind; secrets by reference alone
    per_minute BIGINT NOT NULL,
    disabled   BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_seq   BIGINT NOT NULL,      -- of its deliveries
    free_at    BIGINT NOT NULL       -- when the rate allows the next one
);

CREATE TABLE notify_delivery (
    id             TEXT PRIMARY KEY,
    destination_id TEXT NOT NULL REFERENCES notify_destination (id) ON DELETE CASCADE,
    seq            BIGINT NOT NULL,  -- the order within the destination
    idem_key       TEXT NOT NULL,
    kind           TEXT NOT NULL,
    message        TEXT NOT NULL,    -- JSON
    state          TEXT NOT NULL,
    attempts       BIGINT NOT NULL,
    claim          BIGINT NOT NULL,  -- grows with each taking
    due_at         BIGINT NOT NULL,
    claimed_until  BIGINT NOT NULL,
    error_en       TEXT NOT NULL,
    error_ja       TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    since_at       BIGINT NOT NULL,  -- when trying began: created, or sent again
    tried_at       BIGINT NOT NULL,
    sent_at        BIGINT NOT NULL,
    UNIQUE (destination_id, idem_key)
);
CREATE INDEX notify_delivery_open ON notify_delivery (destination_id, seq) WHERE state IN ('queued', 'sending');
CREATE INDEX notify_delivery_created ON notify_delivery (created_at);
