import type { ContainerView, EventView, ProgressView } from '#contracts';
import { BotStore, createDatabase, EventStore, prune, type Database } from '#persistence';
import { createLogger, createMetrics } from '#platform';
import { createTestDatabase, waitFor } from '#testing';
import type { FeedParts, Sink } from '../live/feed.js';
import { Hub } from '../live/hub.js';
import { Tail } from '../live/tail.js';

/** What a reader was sent, in order. */
export class Reader implements Sink {
  readonly events: EventView[] = [];
  readonly resets: { botId: string; version: number; afterEvents: number }[] = [];
  /** Of each reset, where it says that a reader resumes. */
  readonly places: (string | null)[] = [];
  readonly progressed: ProgressView[] = [];
  overflows = 0;

  event(event: EventView): void {
    this.events.push(event);
  }
  progress(progress: ProgressView): void {
    this.progressed.push(progress);
  }
  reset(botId: string, { version }: ContainerView, cursor: string | null): void {
    this.places.push(cursor);
    this.resets.push({ botId, version, afterEvents: this.events.length });
  }
  overflow(): void {
    this.overflows += 1;
  }

  get versions(): number[] {
    return this.events.map(({ version }) => version);
  }
  get labels(): string[] {
    return this.events.map(({ botId, version }) => `${botId}:${version}`);
  }
}

export interface FeedBed {
  database: Database;
  parts: FeedParts;
  tail: Tail;
  tenantId: string;
  addTenant(name: string): Promise<string>;
  /** Returns the bot's key. */
  addBot(botId: string, tenantId?: string): Promise<string>;
  /** Commits so many events of a bot, each by a transaction of its own, and tells the tail as the bus would. */
  write(botKey: string, count?: number): Promise<void>;
  /** A transaction that has a number, and holds back all that comes after it until it ends. */
  holdBack(): Promise<() => Promise<void>>;
  /** Forgets all events of a bot up to a version. */
  forget(botKey: string, upTo: number): Promise<void>;
  /** Until the tail has given out all that is committed. */
  caughtUp(): Promise<void>;
  /** Every event of a tenant, in the order of cursors. */
  all(tenantId?: string): Promise<string[]>;
  close(): Promise<void>;
}

const WRITE = `WITH done AS (UPDATE bot SET version = version + 1 WHERE key = $1 RETURNING *)
  INSERT INTO event (tenant_id, bot_key, bot_id, version, type, data)
  SELECT tenant_id, key, bot_id, version, 'container.status', '{"status":"running","previousStatus":"stopped"}' FROM done`;

export async function openFeedBed(): Promise<FeedBed> {
  const test = await createTestDatabase();
  const database = createDatabase({ url: test.url, poolSize: 12, applicationName: 'feed-test' });
  const [tenant] = await database.query<{ id: string }>(`SELECT id FROM tenant WHERE name = 'default'`);
  if (!tenant) throw new Error('the default tenant is missing');
  const events = new EventStore(database);
  const hub = new Hub();
  const log = createLogger({ level: 'error', service: 'feed-test' });
  const tail = new Tail(events, hub, log, createMetrics('feed-test'));
  await tail.start();
  return {
    database,
    parts: { hub, tail, events, bots: new BotStore(database), database },
    tail,
    tenantId: tenant.id,
    addTenant: (name) =>
      keyOf(database, `INSERT INTO tenant (id, name, slug) VALUES (gen_random_uuid(), $1, $1) RETURNING id AS key`, [
        name,
      ]),
    addBot: (botId, tenantId = tenant.id) =>
      keyOf(database, `INSERT INTO bot (key, tenant_id, bot_id) VALUES (gen_random_uuid(), $1, $2) RETURNING key`, [
        tenantId,
        botId,
      ]),
    async write(botKey, count = 1) {
      for (let n = 0; n < count; n += 1) {
        await database.query(WRITE, [botKey]);
        tail.hear({ type: 'events' });
      }
    },
    async holdBack() {
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      let held: () => void = () => undefined;
      const holding = new Promise<void>((resolve) => (held = resolve));
      const ended = database.models((prisma) =>
        prisma.$transaction(
          async (transaction) => {
            await transaction.$queryRaw`SELECT pg_current_xact_id()::text`;
            held();
            await released;
          },
          { timeout: 15_000 },
        ),
      );
      await Promise.race([holding, ended]);
      return () => {
        release();
        return ended;
      };
    },
    async forget(botKey, upTo) {
      const old = `UPDATE event SET at = now() - interval '30 days' WHERE bot_key = $1 AND version <= $2`;
      await database.query(old, [botKey, upTo]);
      await prune(database, { days: 7, batch: 100_000 });
    },
    caughtUp: async () => {
      const last = `SELECT txid::text, id::text FROM event e ORDER BY e.txid DESC, e.id DESC LIMIT 1`;
      await waitFor(
        async () => {
          const [head] = await database.query<{ txid: string; id: string }>(last);
          tail.look();
          return !head || tail.position.txid > BigInt(head.txid) || tail.position.id === BigInt(head.id);
        },
        { what: 'the tail to catch up' },
      );
    },
    async all(tenantId = tenant.id) {
      const rows = await database.query<{ label: string }>(
        `SELECT bot_id || ':' || version AS label FROM event WHERE tenant_id = $1 ORDER BY txid, id`,
        [tenantId],
      );
      return rows.map(({ label }) => label);
    },
    async close() {
      await tail.stop();
      await database.close();
      await test.drop();
    },
  };
}

async function keyOf(database: Database, text: string, values: unknown[]): Promise<string> {
  const [row] = await database.query<{ key: string }>(text, values);
  if (!row) throw new Error('nothing was made');
  return row.key;
}

export const between = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
