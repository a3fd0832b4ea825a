import type { Task } from '#domain';
import type { Database } from './database.js';

/** How many ended tasks of a bot are kept. */
export const ENDED_TASKS_KEPT = 100;

const SELECT = `SELECT to_jsonb(t) || jsonb_build_object('bot_id', b.bot_id) AS task
  FROM task t JOIN bot b ON b.key = t.bot_key`;

/** Tasks outside the lane's own changes: reading and forgetting them. */
export class TaskStore {
  constructor(private readonly database: Database) {}

  /** Null where the bot has no such task. */
  async find(tenantId: string, botId: string, id: string): Promise<Task | null> {
    const rows = await this.database.query<{ task: Record<string, unknown> }>(
      `${SELECT} WHERE t.id = $3::uuid AND t.tenant_id = $1::uuid AND b.bot_id = $2`,
      [tenantId, botId, id],
    );
    return rows[0] ? toTask(rows[0].task) : null;
  }

  /** Newest first. */
  async list(
    tenantId: string,
    botId: string,
    page: { status: string | null; beforeId: string | null; limit: number },
  ): Promise<Task[]> {
    const rows = await this.database.query<{ task: Record<string, unknown> }>(
      `${SELECT} WHERE t.bot_key = (SELECT key FROM bot WHERE tenant_id = $1::uuid AND bot_id = $2)
         AND ($3::text IS NULL OR t.status = $3)
         AND t.id < COALESCE($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') ORDER BY t.id DESC LIMIT $5::int`,
      [tenantId, botId, page.status, page.beforeId, page.limit],
    );
    return rows.map(({ task }) => toTask(task));
  }

  /** Forgets all but the newest of those that have ended. Returns the forgotten ones' ids. */
  async prune(botKey: string): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      `DELETE FROM task WHERE id IN (SELECT id FROM task WHERE bot_key = $1::uuid AND status <> 'running'
         ORDER BY id DESC OFFSET $2::int) RETURNING id`,
      [botKey, ENDED_TASKS_KEPT],
    );
    return rows.map(({ id }) => id);
  }
}

function toTask(row: Record<string, unknown>): Task {
  const time = (value: unknown): string => new Date(value as string).toISOString();
  return {
    id: row['id'] as string,
    tenantId: row['tenant_id'] as string,
    botKey: row['bot_key'] as string,
    botId: row['bot_id'] as string,
    name: row['name'] as string | null,
    command: row['command'] as Task['command'],
    status: row['status'] as Task['status'],
    exitCode: row['exit_code'] as number | null,
    reason: row['reason'] as string | null,
    startedAt: time(row['started_at']),
    endedAt: row['ended_at'] === null ? null : time(row['ended_at']),
  };
}
