CREATE TABLE errorgroup_state (
    service       TEXT NOT NULL,
    grp           TEXT NOT NULL,  -- 16 hex digits
    status        TEXT NOT NULL,
    since_at      BIGINT NOT NULL,
    set_by        TEXT NOT NULL,
    mended        TEXT NOT NULL,
    version       TEXT NOT NULL,
    known         TEXT NOT NULL,  -- JSON array of versions
    reason        TEXT NOT NULL,
    until_at      BIGINT NOT NULL, -- 0: for ever
    returned_at   BIGINT NOT NULL, -- 0: did not
    assignee_kind TEXT NOT NULL,
    assignee_id   TEXT NOT NULL,
    assignee_name TEXT NOT NULL,
    changed_at    BIGINT NOT NULL,
    -- What the group is, for lists of ranges in which it was not seen.
    err_type      TEXT NOT NULL,
    err_message   TEXT NOT NULL,
    err_frame     TEXT NOT NULL,
    PRIMARY KEY (service, grp)
);
CREATE INDEX errorgroup_state_status ON errorgroup_state (status);

CREATE TABLE errorgroup_event (
    id      BIGINT NOT NULL PRIMARY KEY,
    service TEXT NOT NULL,
    grp     TEXT NOT NULL,
    at      BIGINT NOT NULL,
    set_by  TEXT NOT NULL,
    action  TEXT NOT NULL,
    text    TEXT NOT NULL
);
CREATE INDEX errorgroup_event_group ON errorgroup_event (service, grp, id);
