CREATE TABLE people_team (
    id          TEXT PRIMARY KEY,
    slug        TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    origin      TEXT NOT NULL,   -- manual, file, oidc: who made it
    merged_into TEXT NOT NULL,   -- id of the team that took it over; never of one that was merged itself
    created_at  BIGINT NOT NULL,
    merged_at   BIGINT NOT NULL
);

-- Slugs that a team had before: links with them keep working.
CREATE TABLE people_team_slug (
    slug    TEXT PRIMARY KEY,
    team_id TEXT NOT NULL REFERENCES people_team (id) ON DELETE CASCADE
);

-- One row for each source that says so: what a group gave, a group can take away alone.
CREATE TABLE people_member (
    team_id TEXT NOT NULL REFERENCES people_team (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES people_user (id) ON DELETE CASCADE,
    source  TEXT NOT NULL,
    lead    BOOLEAN NOT NULL,
    PRIMARY KEY (team_id, user_id, source)
);
CREATE INDEX people_member_user ON people_member (user_id);

CREATE TABLE people_product (
    id          TEXT PRIMARY KEY,
    slug        TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    team_id     TEXT NOT NULL REFERENCES people_team (id),
    origin      TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);

-- Who a person is at an identity provider.
CREATE TABLE people_identity (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    user_id    TEXT NOT NULL REFERENCES people_user (id) ON DELETE CASCADE,
    email      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX people_identity_user ON people_identity (user_id);

-- Sign-ins that came back from the provider and may not come back again.
CREATE TABLE people_oidc_used (
    hash       TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

ALTER TABLE people_session ADD COLUMN method TEXT NOT NULL DEFAULT 'password';
-- What the provider wants to see at sign-out, sealed with the session's secret.
ALTER TABLE people_session ADD COLUMN sealed TEXT NOT NULL DEFAULT '';

CREATE INDEX people_audit_at ON people_audit (at);
CREATE INDEX people_audit_subject ON people_audit (subject_id);
