-- Tasks: background processes in containers. Those that run stand in their bot's row, too.

ALTER TABLE bot ADD COLUMN tasks jsonb NOT NULL DEFAULT '[]';

CREATE TABLE task (
  id         uuid PRIMARY KEY,
  tenant_id  uuid NOT NULL REFERENCES tenant (id),
  bot_key    uuid NOT NULL REFERENCES bot (key),
  name       text,
  command    jsonb NOT NULL,
  status     text NOT NULL CHECK (status IN ('running', 'exited', 'killed', 'lost')),
  exit_code  int,
  reason     text,
  started_at timestamptz(3) NOT NULL,
  ended_at   timestamptz(3)
);
-- Lists, newest first: ids are UUIDv7.
CREATE INDEX task_bot_idx ON task (bot_key, id DESC);

-- Those that run and are to be stopped when they are idle.
CREATE INDEX bot_idle_idx ON bot (node_id, key) WHERE state = 'running' AND settings->>'autoStopSeconds' <> '0';
