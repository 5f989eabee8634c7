-- +goose Up
-- Requests that this hospital made. A nonce is reserved by the digest of the
-- first presentation that fits it, and burned when a verdict about it is final.
CREATE TABLE request (
    nonce   TEXT PRIMARY KEY,
    created INTEGER NOT NULL,             -- Unix seconds
    digest  BLOB,                         -- SHA-256 of the presentation that reserved it
    burned  INTEGER NOT NULL DEFAULT 0 CHECK (burned IN (0, 1)),
    CHECK (digest IS NULL OR length(digest) = 32),
    CHECK (burned = 0 OR digest IS NOT NULL)
) STRICT;

-- Every verdict, sealed to the home's public key: writing needs no passphrase,
-- reading does.
CREATE TABLE history (
    id     TEXT PRIMARY KEY,              -- random, 32 hex digits
    at     INTEGER NOT NULL,              -- Unix seconds
    result BLOB NOT NULL                  -- sealed: table history, column result, row <id>
) STRICT;
CREATE INDEX history_at ON history (at);

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
