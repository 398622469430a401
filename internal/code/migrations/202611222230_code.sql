CREATE TABLE code_repository (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    address    TEXT NOT NULL,
    branch     TEXT NOT NULL,
    secret     TEXT NOT NULL,
    checked_at BIGINT NOT NULL,
    problem    TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE TABLE code_binding (
    service       TEXT NOT NULL PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES code_repository (id),
    folder        TEXT NOT NULL,
    changed_at    BIGINT NOT NULL
);
CREATE INDEX code_binding_repository ON code_binding (repository_id);
