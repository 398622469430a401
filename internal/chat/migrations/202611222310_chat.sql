CREATE TABLE chat_settings (
    id         TEXT NOT NULL PRIMARY KEY,
    settings   TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE TABLE chat_channel (
    id         TEXT NOT NULL PRIMARY KEY,
    lang       TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);
