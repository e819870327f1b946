-- Certificate notices and the certificates made from them. Instants are Unix milliseconds.

CREATE TABLE notice (
  request_id TEXT NOT NULL PRIMARY KEY,
  reference_hash TEXT NOT NULL,
  facility_code TEXT NOT NULL,
  terminal_name TEXT NOT NULL,
  state TEXT NOT NULL,
  noticed_at BIGINT NOT NULL,
  retrieve_until BIGINT NOT NULL,
  valid_until BIGINT NOT NULL,
  serial TEXT,
  failures BIGINT NOT NULL,
  failed_at BIGINT NOT NULL
);

CREATE TABLE client_certificate (
  serial TEXT NOT NULL PRIMARY KEY,
  request_id TEXT NOT NULL,
  facility_code TEXT NOT NULL,
  terminal_name TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  der BYTEA NOT NULL,
  issued_at BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  revoked_at BIGINT,
  reason BIGINT
);
CREATE UNIQUE INDEX client_certificate_by_key ON client_certificate (key_hash);
CREATE UNIQUE INDEX client_certificate_by_notice ON client_certificate (request_id);
CREATE INDEX client_certificate_revoked ON client_certificate (revoked_at);

CREATE TABLE revocation_list (
  number BIGINT NOT NULL PRIMARY KEY,
  made_at BIGINT NOT NULL
);
