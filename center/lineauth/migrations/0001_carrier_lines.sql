-- What a carrier knows of its own lines. Days are YYYY-MM-DD.

CREATE TABLE carrier_line (
  line_id TEXT NOT NULL,
  region TEXT NOT NULL,
  line_type TEXT NOT NULL,
  reseller TEXT NOT NULL,
  v6_option TEXT NOT NULL,
  applied_on TEXT NOT NULL,
  work_completed TEXT,
  PRIMARY KEY (line_id, region)
);

CREATE TABLE carrier_prefix (
  prefix TEXT NOT NULL,
  region TEXT NOT NULL,
  line_id TEXT NOT NULL,
  PRIMARY KEY (prefix, region)
);
CREATE INDEX carrier_prefix_by_line ON carrier_prefix (line_id, region);
