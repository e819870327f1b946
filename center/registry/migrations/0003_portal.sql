-- Applications that come through the portal, and from when until when a line works for a facility and a service.
-- Only additions: a copy of the older program goes on beside this one. Its lines have no row in line_use, and work at once.

ALTER TABLE application ADD COLUMN service TEXT;
ALTER TABLE application ADD COLUMN mail TEXT;
ALTER TABLE application ADD COLUMN secret_hash TEXT;
ALTER TABLE application ADD COLUMN form_id TEXT;
ALTER TABLE application ADD COLUMN works_from BIGINT;
ALTER TABLE application ADD COLUMN reason TEXT;
CREATE UNIQUE INDEX application_by_form ON application (form_id);
CREATE INDEX application_by_mail ON application (mail, applied_at);
CREATE INDEX application_by_subject ON application (subject, state);

CREATE TABLE line_use (
  facility_code TEXT NOT NULL,
  line_id TEXT NOT NULL,
  service TEXT NOT NULL,
  works_from BIGINT NOT NULL,
  ended_at BIGINT,
  PRIMARY KEY (facility_code, line_id, service)
);
CREATE INDEX line_use_by_line ON line_use (line_id);
CREATE INDEX line_use_by_end ON line_use (ended_at);
INSERT INTO line_use (facility_code, line_id, service, works_from) SELECT facility_code, line_id, 'eligibility', approved_at FROM line;
