CREATE TABLE view_saved (
    id         TEXT NOT NULL PRIMARY KEY,
    page       TEXT NOT NULL,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL,
    search     TEXT NOT NULL,
    note       TEXT NOT NULL,
    shared     BOOLEAN NOT NULL,
    owner_id   TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- The shared ones of a page are of one space of names, one's own of another.
    space      TEXT NOT NULL,
    UNIQUE (page, space, name_key)
);
CREATE INDEX view_saved_owner ON view_saved (owner_id);
