-- +goose Up
-- What each import taught of the past of licences' statuses (verifier.Past).
-- All of it is as public as the ledger. Heights are those of states.
CREATE TABLE past_network (
    name   TEXT PRIMARY KEY,
    height INTEGER NOT NULL                -- of the newest import
) STRICT;

CREATE TABLE past_issuer (
    id      INTEGER PRIMARY KEY,
    network TEXT NOT NULL REFERENCES past_network (name),
    did     TEXT NOT NULL UNIQUE,
    root    BLOB NOT NULL CHECK (length(root) = 32)  -- of its status at the newest import
) STRICT;

CREATE TABLE past_change (
    issuer   INTEGER NOT NULL REFERENCES past_issuer (id),
    place    INTEGER NOT NULL,             -- the status index
    height   INTEGER NOT NULL,
    position INTEGER NOT NULL,             -- of its transaction in the block
    was      INTEGER NOT NULL CHECK (was BETWEEN 0 AND 15),
    became   INTEGER NOT NULL CHECK (became BETWEEN 0 AND 15),
    PRIMARY KEY (issuer, place, height, position)
) STRICT, WITHOUT ROWID;

-- Heights after one import, up to the next, of which only the ends are known.
CREATE TABLE past_gap (
    issuer INTEGER NOT NULL REFERENCES past_issuer (id),
    upto   INTEGER NOT NULL,
    after  INTEGER NOT NULL CHECK (after < upto),  -- 0: nothing before is known
    once   INTEGER NOT NULL CHECK (once IN (0, 1)),
    PRIMARY KEY (issuer, upto)
) STRICT, WITHOUT ROWID;
