CREATE TABLE timeline_event (
    kind     TEXT NOT NULL,
    ref      TEXT NOT NULL,   -- the thing in its own room
    at       BIGINT NOT NULL,
    until_at BIGINT NOT NULL, -- at itself for a moment; the greatest number while it goes on
    env      TEXT NOT NULL,   -- '': all
    service  TEXT NOT NULL,   -- '': all
    team     TEXT NOT NULL,
    title_en TEXT NOT NULL,
    title_ja TEXT NOT NULL,
    link     TEXT NOT NULL,
    PRIMARY KEY (kind, ref)
);
CREATE INDEX timeline_event_at ON timeline_event (at);
CREATE INDEX timeline_event_service ON timeline_event (service, at);
CREATE INDEX timeline_event_lasting ON timeline_event (until_at) WHERE until_at > at;
