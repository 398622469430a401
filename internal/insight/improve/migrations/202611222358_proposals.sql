CREATE TABLE improve_proposal (
    id         TEXT NOT NULL PRIMARY KEY,
    team       TEXT NOT NULL, -- '': nobody's
    service    TEXT NOT NULL,
    cause      TEXT NOT NULL, -- '#' and the id of an idea
    studied    TEXT NOT NULL, -- the service in whose requests it was found; '' of an idea
    stage      TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    body       TEXT NOT NULL, -- JSON: all of it but its history
    UNIQUE (cause)
);
CREATE INDEX improve_proposal_team ON improve_proposal (team, stage);
CREATE INDEX improve_proposal_studied ON improve_proposal (studied);

CREATE TABLE improve_event (
    proposal TEXT NOT NULL,
    seq      BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    set_by   TEXT NOT NULL, -- '': Yagura itself
    verb     TEXT NOT NULL,
    stage    TEXT NOT NULL, -- before
    became   TEXT NOT NULL,
    line     TEXT NOT NULL,
    PRIMARY KEY (proposal, seq)
);
