-- What was done and does not stand in the audit log yet. It is written with the deed itself, so that no deed goes unrecorded.

CREATE TABLE unrecorded_deed (
  record_id TEXT PRIMARY KEY,
  done_at BIGINT NOT NULL,
  payload TEXT NOT NULL
);
