-- Who takes part: facilities, their lines, terminals and programs, the admission list, and the operators who keep all this.
-- Instants are Unix milliseconds, days are YYYY-MM-DD.

CREATE TABLE application (
  application_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  facility_code TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  content TEXT NOT NULL,
  applied_at BIGINT NOT NULL,
  decided_at BIGINT
);

CREATE TABLE facility (
  facility_code TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  region TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_until TEXT
);

CREATE TABLE line (
  facility_code TEXT NOT NULL,
  line_id TEXT NOT NULL,
  line_type TEXT NOT NULL,
  region TEXT NOT NULL,
  approved_at BIGINT NOT NULL,
  PRIMARY KEY (facility_code, line_id)
);
CREATE INDEX line_by_id ON line (line_id);

CREATE TABLE admission (
  prefix TEXT NOT NULL PRIMARY KEY,
  line_id TEXT NOT NULL,
  admitted_at BIGINT NOT NULL
);

CREATE TABLE terminal (
  serial TEXT NOT NULL PRIMARY KEY,
  facility_code TEXT NOT NULL,
  name TEXT NOT NULL,
  not_after BIGINT NOT NULL,
  enrolled_at BIGINT NOT NULL,
  blocked_at BIGINT
);
CREATE INDEX terminal_by_facility ON terminal (facility_code);

CREATE TABLE account (
  account_id TEXT NOT NULL PRIMARY KEY,
  facility_code TEXT NOT NULL,
  kind TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  character_code TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE login_failure (
  account_id TEXT NOT NULL,
  serial TEXT NOT NULL,
  failures BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (account_id, serial)
);

CREATE TABLE session (
  token_hash TEXT NOT NULL PRIMARY KEY,
  account_id TEXT NOT NULL,
  facility_code TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX session_by_expiry ON session (expires_at);

CREATE TABLE operator (
  operator_id TEXT NOT NULL PRIMARY KEY,
  password_hash TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
