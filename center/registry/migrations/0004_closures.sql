-- Times in which a service is closed, and the count of the snapshots that tell servers without a database of them.
-- Instants are Unix milliseconds.

CREATE TABLE closure (
  closure_id TEXT NOT NULL PRIMARY KEY,
  service TEXT NOT NULL,
  begins_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  made_at BIGINT NOT NULL
);
CREATE INDEX closure_by_end ON closure (ends_at);

CREATE TABLE snapshot_count (
  name TEXT NOT NULL PRIMARY KEY,
  number BIGINT NOT NULL
);
