-- What was done, one hash chain a writer. Rows are only ever added.
CREATE TABLE audit_record (
    writer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    payload TEXT NOT NULL,
    reply BYTEA,
    hash BYTEA NOT NULL,
    PRIMARY KEY (writer, seq)
);
-- The end of each batch, signed by a key outside the database.
CREATE TABLE audit_checkpoint (
    writer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    signer TEXT NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (writer, seq)
);
-- Sealed replies, kept for a time so that a repeated question gets the first answer.
CREATE TABLE audit_reply (
    scope TEXT NOT NULL,
    reply_key TEXT NOT NULL,
    writer TEXT NOT NULL,
    seq BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (scope, reply_key)
);
CREATE INDEX audit_reply_written_at ON audit_reply (written_at);
