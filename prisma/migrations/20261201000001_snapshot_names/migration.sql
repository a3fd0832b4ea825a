-- A failed snapshot gives its name away for good: when it is deleted, another one may have it.
DROP INDEX snapshot_name_idx;
CREATE UNIQUE INDEX snapshot_name_idx ON snapshot (bot_key, name) WHERE status <> 'failed' AND error IS NULL;
