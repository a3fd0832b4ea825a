-- Snapshots: what is captured of containers, and what descends from what.

ALTER TABLE tenant ADD COLUMN max_snapshots_per_bot int NOT NULL DEFAULT 50;
ALTER TABLE bot ADD COLUMN current_snapshot_id uuid;
CREATE INDEX bot_current_snapshot_idx ON bot (current_snapshot_id) WHERE current_snapshot_id IS NOT NULL;

CREATE TABLE snapshot (
  id              uuid PRIMARY KEY,
  tenant_id       uuid NOT NULL REFERENCES tenant (id),
  bot_key         uuid NOT NULL REFERENCES bot (key),
  node_id         text NOT NULL,
  name            text NOT NULL,
  description     text,
  status          text NOT NULL CHECK (status IN ('creating', 'ready', 'failed', 'deleting')),
  parent_id       uuid,
  scope           text NOT NULL CHECK (scope IN ('all', 'container')),
  origin          text NOT NULL CHECK (origin IN ('manual', 'safety', 'scheduled')),
  image           text,
  volumes         jsonb NOT NULL DEFAULT '[]',
  size_bytes      bigint NOT NULL DEFAULT 0,
  data_size_bytes bigint NOT NULL DEFAULT 0,
  layers          int NOT NULL DEFAULT 0,
  freeze_ms       int NOT NULL DEFAULT 0,
  error           jsonb,
  created_at      timestamptz(3) NOT NULL DEFAULT now()
);
-- Of those that live: a failed one holds nothing that its name could stand for.
CREATE UNIQUE INDEX snapshot_name_idx ON snapshot (bot_key, name) WHERE status <> 'failed';
-- Lists, newest first: ids are UUIDv7.
CREATE INDEX snapshot_bot_idx ON snapshot (bot_key, id DESC);
CREATE INDEX snapshot_parent_idx ON snapshot (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX snapshot_node_idx ON snapshot (node_id, id);

-- Which bots are being made of which snapshot.
CREATE INDEX operation_fork_idx ON operation ((params->>'fromSnapshot'))
  WHERE finished_at IS NULL AND params->>'fromSnapshot' IS NOT NULL;
