-- +goose Up
-- One row for each private key, wrapped by the key manager above; a store is
-- one use of keys (issuing, ledger, holder, person, node).
CREATE TABLE key (
    store TEXT NOT NULL,
    id    TEXT NOT NULL,
    value BLOB NOT NULL, -- sealed: table key, column value, row <store>/<id>
    PRIMARY KEY (store, id)
) STRICT, WITHOUT ROWID;
