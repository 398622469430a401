-- Services that were seen, so that who owns them can be said without asking the engine.
CREATE TABLE catalog_service (
    name       TEXT PRIMARY KEY,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL
);

-- What somebody or something says of whose a service is. Nothing is resolved here: a team
-- may come to be, be renamed or merged later.
CREATE TABLE catalog_claim (
    source   TEXT NOT NULL,   -- manual, file, backstage, telemetry
    document TEXT NOT NULL,   -- name of the imported file; '' for the others
    service  TEXT NOT NULL,   -- with * in files
    place    TEXT NOT NULL,   -- line of the file; attribute=value
    team     TEXT NOT NULL,   -- as it is written there; an id for manual
    product  TEXT NOT NULL,
    by_name  TEXT NOT NULL,   -- who said so
    at       BIGINT NOT NULL, -- when it was said, or seen last
    PRIMARY KEY (source, document, service, place)
);
CREATE INDEX catalog_claim_service ON catalog_claim (service);
