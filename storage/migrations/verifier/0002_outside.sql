-- +goose Up
-- What sync fetched for issuers outside the network that the hospital lists,
-- and the status lists that verifying asked it to fetch. All of it is public.
CREATE TABLE outside (
    kind  TEXT    NOT NULL CHECK (kind IN ('document', 'status_list')),
    id    TEXT    NOT NULL,                -- a did:web, or a status list's https address
    body  BLOB,                            -- as it was fetched last; NULL: never yet
    at    INTEGER,                         -- when that was, Unix seconds
    asked INTEGER NOT NULL,                -- when it was last asked for, Unix seconds
    tried INTEGER NOT NULL DEFAULT 0,      -- when it was last tried, Unix seconds; 0: not yet
    code  TEXT    NOT NULL DEFAULT '',     -- why the last try brought nothing
    PRIMARY KEY (kind, id),
    CHECK ((body IS NULL) = (at IS NULL))
) STRICT;
