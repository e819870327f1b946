-- Admission by line: what a line's carrier proved is used once, and a line's earlier prefixes leave the list together.

CREATE TABLE admission_use (
  nonce TEXT NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX admission_use_by_expiry ON admission_use (expires_at);

CREATE INDEX admission_by_line ON admission (line_id);
