-- +goose Up
-- A practitioner's wallet. All of it names a person or what they hold, so each
-- row is one sealed value; only how many rows there are, and how long, shows.
CREATE TABLE holder (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value BLOB NOT NULL              -- sealed: table holder, column value, row 1
) STRICT;

CREATE TABLE credential (
    id    TEXT PRIMARY KEY,          -- the wallet's own, random
    value BLOB NOT NULL              -- sealed: table credential, column value, row <id>
) STRICT, WITHOUT ROWID;

CREATE TABLE shared (
    id    INTEGER PRIMARY KEY,       -- 1, 2, 3 …
    value BLOB NOT NULL              -- sealed: table shared, column value, row <id>
) STRICT;
