-- Step 1: buckets and finished runs.

-- How full a bucket is, kept by the triggers below so that no statement can forget it.
CREATE TABLE bucket (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    component TEXT NOT NULL,
    name TEXT NOT NULL,
    keys INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, component, name)
) STRICT;

-- Keys are blobs: they are ordered by their bytes and no character is special.
CREATE TABLE entry (
    bucket INTEGER NOT NULL REFERENCES bucket (id),
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    expires_ms INTEGER,
    UNIQUE (bucket, key)
) STRICT;

CREATE INDEX entry_by_expiry ON entry (bucket, expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TRIGGER entry_inserted AFTER INSERT ON entry BEGIN
    UPDATE bucket SET keys = keys + 1, bytes = bytes + length(new.key) + length(new.value)
    WHERE id = new.bucket;
END;

CREATE TRIGGER entry_updated AFTER UPDATE OF value ON entry BEGIN
    UPDATE bucket SET bytes = bytes + length(new.value) - length(old.value) WHERE id = new.bucket;
END;

CREATE TRIGGER entry_deleted AFTER DELETE ON entry BEGIN
    UPDATE bucket SET keys = keys - 1, bytes = bytes - length(old.key) - length(old.value)
    WHERE id = old.bucket;
END;

-- The record is JSON; what is looked for or sorted by stands beside it.
CREATE TABLE run (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    flow TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    schema INTEGER NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (tenant, id)
) STRICT;

CREATE INDEX run_by_start ON run (tenant, started_ms, id);
CREATE INDEX run_by_flow ON run (tenant, flow, started_ms, id);
