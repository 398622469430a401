CREATE TABLE job_lease (
    name       TEXT PRIMARY KEY,
    fence      BIGINT NOT NULL, -- grows by one each time that somebody takes the job
    holder     TEXT NOT NULL,   -- who has it, or had it last
    until_at   BIGINT NOT NULL, -- end of the lease in database time; 0: nobody has it
    next_at    BIGINT NOT NULL, -- when it is due
    every_ns   BIGINT NOT NULL,
    started_at BIGINT NOT NULL, -- of the last run; 0: never
    ended_at   BIGINT NOT NULL, -- of the last run that ended
    outcome    TEXT NOT NULL,
    error      TEXT NOT NULL,
    runs       BIGINT NOT NULL,
    failed     BIGINT NOT NULL, -- runs in a row that did not end well
    ok_at      BIGINT NOT NULL  -- when a run last ended well
);
