-- +goose Up
-- Acts that wait, or waited, for a second person or for their day. The sealed
-- body says all of it again: a row whose open columns say otherwise is damaged.

CREATE TABLE act (
    id        INTEGER PRIMARY KEY,
    licence   INTEGER NOT NULL REFERENCES licence (id),
    kind      TEXT    NOT NULL,
    state     INTEGER NOT NULL, -- 1 waits for approval, 2 for its day; above: over
    made      INTEGER NOT NULL, -- Unix seconds
    effective INTEGER NOT NULL, -- Unix seconds
    import    INTEGER NOT NULL, -- that made it; 0: a person did
    body      BLOB    NOT NULL  -- sealed
) STRICT;
CREATE UNIQUE INDEX act_open ON act (licence, kind) WHERE state <= 2;
CREATE INDEX act_waiting ON act (state, id) WHERE state <= 2;
CREATE INDEX act_import ON act (import, id) WHERE state <= 2 AND import > 0;
CREATE INDEX act_due ON act (effective) WHERE state = 2;
CREATE INDEX act_late ON act (effective) WHERE state = 1 AND effective > made; -- dated, and not approved

CREATE TABLE import (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL, -- Unix seconds
    person BLOB    NOT NULL  -- sealed
) STRICT;
