-- +goose Up
-- The second key of a wallet, to which SD-JWT VCs are bound. A wallet made
-- before gets it when it first needs it. Credentials and the log stay as they
-- are: what was kept in them before says less, and is read so.
CREATE TABLE binding_key (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value BLOB NOT NULL              -- sealed: table binding_key, column value, row 1
) STRICT;
