-- Revocation lists are read from this index alone.

CREATE INDEX client_certificate_listed ON client_certificate (revoked_at, not_after, shard, reason, serial) WHERE revoked_at IS NOT NULL;
