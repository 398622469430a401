CREATE TABLE release_record (
    id          TEXT PRIMARY KEY,
    service     TEXT NOT NULL,
    env         TEXT NOT NULL,
    version     TEXT NOT NULL,
    commit_sha  TEXT NOT NULL,
    n           BIGINT NOT NULL, -- which time this version and commit is released here
    author      TEXT NOT NULL,
    url         TEXT NOT NULL,
    note        TEXT NOT NULL,
    source      TEXT NOT NULL,
    rollback    BOOLEAN NOT NULL,
    declared_at BIGINT NOT NULL, -- when somebody says that it was released; 0: nobody did
    seen_at     BIGINT NOT NULL, -- first telemetry of it; 0: none yet
    at          BIGINT NOT NULL, -- seen_at, or declared_at while nothing was seen
    created_at  BIGINT NOT NULL,
    created_by  TEXT NOT NULL,
    UNIQUE (service, env, version, commit_sha, n)
);
CREATE INDEX release_record_at ON release_record (at);
CREATE INDEX release_record_service ON release_record (service, at);

-- A stretch of time in which a version of a service sent telemetry.
CREATE TABLE release_life (
    id         TEXT PRIMARY KEY,
    service    TEXT NOT NULL,
    env        TEXT NOT NULL,
    version    TEXT NOT NULL,
    since_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL, -- 0: it goes on, or the whole service is silent
    release_id TEXT NOT NULL    -- '': none; '-': somebody removed it
);
CREATE INDEX release_life_service ON release_life (service, env);
CREATE INDEX release_life_release ON release_life (release_id);

CREATE TABLE release_watch (
    one       BIGINT PRIMARY KEY,
    looked_at BIGINT NOT NULL, -- telemetry up to here was looked at
    wide_at   BIGINT NOT NULL  -- when the last two days were looked at again
);

-- Which service a GitHub repository's events are about.
CREATE TABLE release_hook (
    id         TEXT PRIMARY KEY,
    repo       TEXT NOT NULL, -- owner/name
    repo_key   TEXT NOT NULL, -- folded
    service    TEXT NOT NULL,
    env        TEXT NOT NULL,
    tag_prefix TEXT NOT NULL,
    events     TEXT NOT NULL, -- separated by commas
    secret     TEXT NOT NULL, -- a reference, never the secret
    created_at BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    last_event TEXT NOT NULL,
    UNIQUE (repo_key, service, env, tag_prefix)
);
CREATE INDEX release_hook_repo ON release_hook (repo_key);
