-- The register of the insured: who insures, who is insured, every qualification, and the certificates under each.
-- person_key distributes: rows of one person stand together. insured_lookup leads to it from what a card says.
-- Days are YYYY-MM-DD. import_number is the number of the import that brought the row.

CREATE TABLE insurer (
  insurer_number TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL
);

CREATE TABLE insured (
  person_key TEXT NOT NULL PRIMARY KEY,
  person TEXT NOT NULL,
  import_number BIGINT NOT NULL,
  name TEXT NOT NULL,
  name_kana TEXT,
  name_other TEXT,
  name_other_kana TEXT,
  sex TEXT NOT NULL,
  sex_back TEXT,
  birthdate TEXT NOT NULL,
  post_number TEXT,
  address TEXT
);

CREATE TABLE qualification (
  person_key TEXT NOT NULL,
  place BIGINT NOT NULL,
  import_number BIGINT NOT NULL,
  lookup_hash TEXT NOT NULL,
  has_certificates BIGINT NOT NULL,
  card TEXT NOT NULL,
  insurer_number TEXT NOT NULL,
  symbol TEXT,
  number TEXT NOT NULL,
  branch TEXT,
  relation TEXT,
  insured_name TEXT,
  acquired TEXT NOT NULL,
  lost TEXT,
  reason_of_loss TEXT,
  issued TEXT,
  valid_from TEXT,
  valid_to TEXT,
  ratio TEXT,
  PRIMARY KEY (person_key, place)
);

CREATE TABLE certificate (
  person_key TEXT NOT NULL,
  place BIGINT NOT NULL,
  nth BIGINT NOT NULL,
  import_number BIGINT NOT NULL,
  kind TEXT NOT NULL,
  issued TEXT,
  valid_from TEXT NOT NULL,
  valid_to TEXT,
  class TEXT,
  band TEXT,
  long_term_date TEXT,
  ratio TEXT,
  self_pay TEXT,
  issue_number TEXT,
  treatment_month TEXT,
  facility_code TEXT,
  facility_name TEXT,
  treatment_type TEXT,
  single_or_combined TEXT,
  PRIMARY KEY (person_key, place, nth)
);

CREATE TABLE insured_lookup (
  lookup_hash TEXT NOT NULL,
  person_key TEXT NOT NULL,
  birthdate TEXT NOT NULL,
  PRIMARY KEY (lookup_hash, person_key)
);

CREATE TABLE register_state (
  one BIGINT NOT NULL PRIMARY KEY,
  imports BIGINT NOT NULL,
  last_import_at BIGINT
);
INSERT INTO register_state (one, imports, last_import_at) VALUES (1, 0, NULL);
