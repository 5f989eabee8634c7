-- +goose Up
-- One licence in several envelopes: every form of it in every format, under
-- one status index. The holder's second key stands in the sealed body.

ALTER TABLE leaf ADD COLUMN format INTEGER NOT NULL DEFAULT 1; -- 1: vcdm2-di, 2: dc+sd-jwt
DROP INDEX leaf_licence;
CREATE INDEX leaf_licence ON leaf (licence, form, format, status_index);

ALTER TABLE batch ADD COLUMN method_es256 TEXT NOT NULL DEFAULT ''; -- method that signs its SD-JWT VCs; '': it has none

-- Bits of the formats in which a register copy is out under the newest index.
ALTER TABLE licence ADD COLUMN formats INTEGER NOT NULL DEFAULT 1; -- 1: vcdm2-di, 2: dc+sd-jwt
CREATE INDEX licence_without_sdjwt ON licence (id) WHERE formats & 2 = 0 AND issued_rev > 0 AND batch = 0;
