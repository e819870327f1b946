-- Accounts and orders of ACME (RFC 8555), and the numbers against repeated requests that were used. Instants are Unix milliseconds.

CREATE TABLE acme_account (
  id TEXT NOT NULL PRIMARY KEY,
  thumbprint TEXT NOT NULL,
  public_key TEXT NOT NULL,
  request_id TEXT NOT NULL,
  facility_code TEXT NOT NULL,
  terminal_name TEXT NOT NULL,
  contact TEXT NOT NULL,
  state TEXT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX acme_account_by_key ON acme_account (thumbprint);
CREATE UNIQUE INDEX acme_account_by_notice ON acme_account (request_id) WHERE state = 'valid';

CREATE TABLE acme_order (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  names TEXT NOT NULL,
  replaces TEXT,
  state TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  lapses_at BIGINT NOT NULL,
  csr BYTEA,
  serial TEXT,
  situation TEXT,
  fetched_at BIGINT
);
CREATE INDEX acme_order_by_account ON acme_order (account, made_at);
CREATE INDEX acme_order_by_serial ON acme_order (serial);

CREATE TABLE acme_nonce (
  nonce TEXT NOT NULL PRIMARY KEY,
  lapses_at BIGINT NOT NULL
);
CREATE INDEX acme_nonce_by_lapse ON acme_nonce (lapses_at);
