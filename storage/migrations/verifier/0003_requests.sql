-- +goose Up
-- The request itself, so that it can be shown again and an answer finds it by
-- its nonce. It says what a hospital asks for and names no practitioner. Older
-- requests have none.
ALTER TABLE request ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;  -- Unix seconds
ALTER TABLE request ADD COLUMN file BLOB;                           -- as it went out
ALTER TABLE request ADD COLUMN closed INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1));
