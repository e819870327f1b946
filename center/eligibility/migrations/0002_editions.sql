-- The register in editions: an import writes an edition of its own in small transactions, and one small transaction makes it count.
-- What counts are the current editions; of a person that stands in several, the row of the newest. The tables of 0001 stay as they are for
-- older copies that still run beside this program; their people are brought over once (adopted), and from then on only editions change.
-- Rows of one edition stand together, so that it is written at the end and taken away in one piece. person_key distributes the tables.

CREATE TABLE register (
  one BIGINT NOT NULL PRIMARY KEY,
  imports BIGINT NOT NULL,
  changes BIGINT NOT NULL,
  adopted BIGINT NOT NULL,
  persons BIGINT NOT NULL,
  qualifications BIGINT NOT NULL,
  last_import_at BIGINT
);
INSERT INTO register (one, imports, changes, adopted, persons, qualifications, last_import_at)
SELECT 1, imports, 0, 0, 0, 0, last_import_at FROM register_state WHERE one = 1;

-- Without its row an older copy refuses to import: what it brought in would never be seen again.
DELETE FROM register_state;

-- state: staged, current or retired. sheets and lookups: how many rows it was given. swept: how many steps of taking it away are done.
CREATE TABLE edition (
  edition BIGINT NOT NULL PRIMARY KEY,
  state TEXT NOT NULL,
  sheets BIGINT NOT NULL,
  lookups BIGINT NOT NULL,
  swept BIGINT NOT NULL
);

CREATE TABLE edition_insurer (
  edition BIGINT NOT NULL,
  insurer_number TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (edition, insurer_number)
);

-- One person with everything the register knows of it, as JSON.
CREATE TABLE edition_sheet (
  edition BIGINT NOT NULL,
  sheet BIGINT NOT NULL,
  person_key BYTEA NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (edition, sheet, person_key)
);

CREATE TABLE edition_person (
  edition BIGINT NOT NULL,
  person_key BYTEA NOT NULL,
  sheet BIGINT NOT NULL,
  qualifications BIGINT NOT NULL,
  PRIMARY KEY (edition, person_key)
);

CREATE TABLE edition_lookup (
  edition BIGINT NOT NULL,
  lookup BIGINT NOT NULL,
  person_key BYTEA NOT NULL,
  sheet BIGINT NOT NULL,
  PRIMARY KEY (edition, lookup, person_key, sheet)
);
