-- One table of orders for issue and renewal, so that every state has a deadline and a next step; applications, requests for
-- revocation, prepared keys, wrong guesses by caller, and what a restored database no longer knows of.

ALTER TABLE notice ADD COLUMN kind TEXT NOT NULL DEFAULT 'issue';
-- When the order's next step is due; nothing if there is none.
ALTER TABLE notice ADD COLUMN deadline BIGINT;
-- The certificate that this order replaces.
ALTER TABLE notice ADD COLUMN renews TEXT;
ALTER TABLE notice ADD COLUMN mac_key BYTEA;
ALTER TABLE notice ADD COLUMN reference_sealed BYTEA;
-- The key that was made here for it, sealed; destroyed when the window ends.
ALTER TABLE notice ADD COLUMN held_key BYTEA;
ALTER TABLE notice ADD COLUMN held_until BIGINT;
ALTER TABLE notice ADD COLUMN first_download_at BIGINT;
ALTER TABLE notice ADD COLUMN downloads BIGINT NOT NULL DEFAULT 0;
ALTER TABLE notice ADD COLUMN application TEXT;
UPDATE notice SET deadline = retrieve_until WHERE state = 'open';
CREATE UNIQUE INDEX notice_by_renewed ON notice (renews);
CREATE INDEX notice_by_deadline ON notice (deadline);
CREATE INDEX notice_by_application ON notice (application);

ALTER TABLE client_certificate ADD COLUMN superseded_by TEXT;
ALTER TABLE client_certificate ADD COLUMN profile TEXT NOT NULL DEFAULT 'terminal';
ALTER TABLE client_certificate ADD COLUMN key_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE client_certificate ADD COLUMN keeper_seen_at BIGINT;
-- Provisionally blocked since, until its revocation is approved or refused.
ALTER TABLE client_certificate ADD COLUMN held_at BIGINT;
-- The revocation list that its distribution point names; -1 is the full list only.
ALTER TABLE client_certificate ADD COLUMN shard BIGINT NOT NULL DEFAULT -1;
-- To be replaced from then on, whatever its age.
ALTER TABLE client_certificate ADD COLUMN replace_from BIGINT;
-- What the registry must still be told: 0 nothing, 1 that it exists or is blocked, 2 that it is let in again.
ALTER TABLE client_certificate ADD COLUMN registry_due BIGINT NOT NULL DEFAULT 1;
CREATE INDEX client_certificate_due ON client_certificate (registry_due);
CREATE INDEX client_certificate_held ON client_certificate (held_at);
CREATE INDEX client_certificate_by_end ON client_certificate (not_after);

CREATE TABLE certificate_application (
  number TEXT NOT NULL PRIMARY KEY,
  form_id TEXT NOT NULL,
  facility_code TEXT NOT NULL,
  terminals TEXT NOT NULL,
  contact TEXT NOT NULL,
  mail TEXT NOT NULL,
  state TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  deadline BIGINT,
  decided_at BIGINT,
  reason TEXT
);
CREATE UNIQUE INDEX certificate_application_by_form ON certificate_application (form_id);
CREATE INDEX certificate_application_by_state ON certificate_application (state, made_at);

CREATE TABLE revocation_request (
  number TEXT NOT NULL PRIMARY KEY,
  serial TEXT NOT NULL,
  mail TEXT NOT NULL,
  proof TEXT NOT NULL,
  state TEXT NOT NULL,
  reason BIGINT NOT NULL,
  asked_at BIGINT NOT NULL,
  deadline BIGINT,
  decided_at BIGINT
);
CREATE UNIQUE INDEX revocation_request_waiting ON revocation_request (serial) WHERE state = 'asked';
CREATE INDEX revocation_request_by_state ON revocation_request (state, asked_at);

CREATE TABLE pool_key (
  key_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  sealed BYTEA NOT NULL,
  made_at BIGINT NOT NULL
);

-- Moves with every revocation, so that every copy makes its lists anew.
CREATE TABLE crl_state (one BIGINT NOT NULL PRIMARY KEY, version BIGINT NOT NULL);
INSERT INTO crl_state (one, version) VALUES (1, 1);

-- Revocations of the journal whose certificates this database does not know: it was restored from an older copy.
CREATE TABLE lost_revocation (
  serial TEXT NOT NULL PRIMARY KEY,
  revoked_at BIGINT NOT NULL,
  reason BIGINT NOT NULL,
  not_after BIGINT NOT NULL,
  shard BIGINT NOT NULL
);

-- Wrong reference ids, by the caller's prefix: who guesses locks out nobody but himself.
CREATE TABLE guess (
  prefix TEXT NOT NULL,
  request_id TEXT NOT NULL,
  failures BIGINT NOT NULL,
  failed_at BIGINT NOT NULL,
  PRIMARY KEY (prefix, request_id)
);
