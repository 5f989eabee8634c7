-- +goose Up
-- Claims that were sent to a board and not answered yet. Discarded credentials
-- need nothing new: they are marked within their sealed value.
CREATE TABLE claim (
    id    INTEGER PRIMARY KEY,       -- 1, 2, 3 …
    value BLOB NOT NULL              -- sealed: table claim, column value, row <id>
) STRICT;
