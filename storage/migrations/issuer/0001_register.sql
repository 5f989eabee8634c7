-- +goose Up
-- The register of a board. What names a practitioner is sealed; what stands
-- open here are counters, dates of acts, and what the ledger shows anyway.

CREATE TABLE licence (
    id           INTEGER PRIMARY KEY,
    key_index    BLOB    NOT NULL UNIQUE, -- blind index of type, jurisdiction and number
    number_index BLOB    NOT NULL,        -- blind index of the number alone
    status_rev   INTEGER NOT NULL,        -- status acts so far
    settled_rev  INTEGER NOT NULL,        -- of which the ledger shows
    revision     INTEGER NOT NULL,        -- changes that call for a credential
    issued_rev   INTEGER NOT NULL,        -- of which credentials are out
    reissue      INTEGER NOT NULL,        -- greatest reason since issued_rev
    batch        INTEGER NOT NULL,        -- unfinished batch; 0: none
    body         BLOB    NOT NULL         -- sealed: record, statuses, holder
) STRICT;
CREATE INDEX licence_number ON licence (number_index);
CREATE INDEX licence_due ON licence (id) WHERE revision > issued_rev AND batch = 0;
CREATE INDEX licence_unsettled ON licence (id) WHERE status_rev > settled_rev;

CREATE TABLE event (
    id         INTEGER PRIMARY KEY,
    licence    INTEGER NOT NULL REFERENCES licence (id),
    at         INTEGER NOT NULL, -- Unix seconds
    act        TEXT    NOT NULL,
    status_rev INTEGER NOT NULL, -- of a status act: its number; else 0
    height     INTEGER NOT NULL, -- ledger height that shows a status act; 0: not yet
    body       BLOB    NOT NULL  -- sealed: person, status, reason
) STRICT;
CREATE INDEX event_licence ON event (licence);
CREATE INDEX event_open ON event (licence, status_rev) WHERE status_rev > 0 AND height = 0;

CREATE TABLE batch (
    number         INTEGER PRIMARY KEY,
    state          INTEGER NOT NULL,
    created        INTEGER NOT NULL, -- Unix seconds
    method         TEXT    NOT NULL, -- verification method that signs
    person         BLOB    NOT NULL, -- sealed: who issued
    root           BLOB    NOT NULL,
    size           INTEGER NOT NULL,
    validity_year  INTEGER NOT NULL, -- month by which the last credential has run out
    validity_month INTEGER NOT NULL,
    scopes         TEXT    NOT NULL, -- JSON: types and jurisdictions of its licences
    epoch          INTEGER NOT NULL, -- 0 until proved
    position       INTEGER NOT NULL,
    path           BLOB    NOT NULL  -- hashes of 32 bytes
) STRICT;
CREATE INDEX batch_unfinished ON batch (number) WHERE state < 5;

-- A status index is never deleted, so it is never given twice.
CREATE TABLE status_index (
    number      INTEGER PRIMARY KEY,
    licence     INTEGER NOT NULL REFERENCES licence (id),
    batch       INTEGER NOT NULL REFERENCES batch (number), -- that brought it in
    valid_until INTEGER NOT NULL, -- Unix seconds
    supersedes  INTEGER NOT NULL  -- 1: older indexes of the licence are void
) STRICT;
CREATE INDEX status_index_licence ON status_index (licence, batch);

-- A leaf has a draft until it has a credential, and one credential at most.
CREATE TABLE leaf (
    id           INTEGER PRIMARY KEY, -- batch × 4096 + position
    licence      INTEGER NOT NULL REFERENCES licence (id),
    revision     INTEGER NOT NULL,
    form         INTEGER NOT NULL,
    status_index INTEGER NOT NULL REFERENCES status_index (number),
    hash         BLOB    NOT NULL,
    draft        BLOB, -- sealed: salt, then the JCS of what is signed
    credential   BLOB, -- sealed
    CHECK ((draft IS NULL) <> (credential IS NULL))
) STRICT;
CREATE INDEX leaf_licence ON leaf (licence, form);

CREATE TABLE claim_code (
    id       TEXT    PRIMARY KEY, -- public part of the code
    licence  INTEGER NOT NULL REFERENCES licence (id),
    expires  INTEGER NOT NULL, -- Unix seconds
    attempts INTEGER NOT NULL, -- wrong answers
    used     INTEGER NOT NULL,
    body     BLOB    NOT NULL  -- sealed: secret and holder
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_code_licence ON claim_code (licence) WHERE used = 0;
