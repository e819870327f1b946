-- Troubles that an operator has announced. Instants are Unix milliseconds; regions and services are keys between commas, none for all.

CREATE TABLE trouble (
  trouble_id TEXT NOT NULL PRIMARY KEY,
  begins_at BIGINT NOT NULL,
  ends_at BIGINT,
  repairer TEXT NOT NULL,
  regions TEXT NOT NULL,
  services TEXT NOT NULL,
  told TEXT NOT NULL,
  made_at BIGINT NOT NULL
);
