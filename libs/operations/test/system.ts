import type { BotFacts, ContainerSettings, Lane, OperationKind, OperationParams, Outcome } from '#domain';
import { goneFacts } from '#domain';
import type { Bell, BusMessage, Messaging } from '#messaging';
import { createDatabase, type Database } from '#persistence';
import { createMetrics, createSecretBox, type SecretBox } from '#platform';
import { createTestDatabase } from '#testing';
import { createOperations, type Accepted, type AcceptRequest, type Claimed, type Operations } from '../index.js';

export const LEASE_SECONDS = 30;
const SILENT_SECONDS = 15;

/** The protocol over a database of its own, with ears in place of the queue. */
export interface System extends Operations {
  database: Database;
  secrets: SecretBox;
  tenant: { id: string; slug: string };
  bells: (Bell & { nodeId: string })[];
  published: BusMessage[];
  /** Statements by hand, to look at rows and to make time pass. */
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export async function startSystem(): Promise<System> {
  const test = await createTestDatabase();
  const database = createDatabase({ url: test.url, poolSize: 20, applicationName: 'operations-test' });
  const bells: System['bells'] = [];
  const published: BusMessage[] = [];
  const messaging: Pick<Messaging, 'doorbell' | 'bus'> = {
    doorbell: { ring: (nodeId, bell) => void bells.push({ nodeId, ...bell }), flush: () => Promise.resolve() },
    bus: { publish: (message) => void published.push(message), subscribe: () => () => undefined },
  };
  const secrets = createSecretBox('a secret key of a test, long enough to be one');
  const metrics = createMetrics('test');
  const operations = createOperations({ database, messaging, metrics, secrets, silentSeconds: SILENT_SECONDS });
  const [tenant] = await database.query<{ id: string; slug: string }>(
    `SELECT id, slug FROM tenant WHERE name = 'default'`,
  );
  if (!tenant) throw new Error('the default tenant is missing');
  return {
    ...operations,
    database,
    secrets,
    tenant,
    bells,
    published,
    sql: (text, values) => database.query(text, values),
    close: () => database.close().then(() => test.drop()),
  };
}

/** Forgets all nodes and bots, so that tests of one suite do not meet. */
export async function forgetAll({ sql, bells, published }: System): Promise<void> {
  for (const table of ['event', 'operation', 'idempotency_key', 'bot', 'node']) await sql(`DELETE FROM ${table}`);
  bells.length = 0;
  published.length = 0;
}

/** A node that is up, with a ceiling where one is given. */
export async function addNode(
  { stores }: System,
  id: string,
  ceiling: { maxCpus?: number; maxMemoryMb?: number } = {},
): Promise<number> {
  const { maxCpus = null, maxMemoryMb = null } = ceiling;
  const host = { engineVersion: '29.7.1', agentUrl: `http://${id}:4001`, cpus: 8, memoryMb: 16_384 };
  const epoch = await stores.nodes.register({ id, ...host, maxCpus, maxMemoryMb });
  await stores.nodes.heartbeat(id, epoch, true);
  return epoch;
}

export function settings(overrides: Partial<ContainerSettings> = {}): ContainerSettings {
  return {
    image: 'debian:bookworm-slim',
    resources: { cpus: 0.5, memoryMb: 256, pids: 64 },
    command: null,
    network: 'internet',
    labels: {},
    autoStopSeconds: 0,
    env: [],
    ...overrides,
  };
}

const PARAMS: Partial<Record<OperationKind, OperationParams>> = {
  'container.stop': { timeoutSeconds: 10 },
  'container.delete': { purgeData: false },
};

/** Asks as the API does, with what a test does not care for filled in. */
export function ask(
  system: System,
  botId: string,
  kind: OperationKind,
  request: Partial<AcceptRequest> = {},
): Promise<Accepted> {
  const params = kind === 'container.create' ? { start: true, settings: settings() } : (PARAMS[kind] ?? {});
  return system.acceptance.accept({
    tenant: system.tenant,
    botId,
    kind,
    params,
    requestedBy: { type: 'apiKey', id: 'key-1', name: 'tests' },
    requestId: null,
    ifVersion: null,
    idempotency: null,
    ...request,
  });
}

export async function laneOf(system: System, botId: string): Promise<Lane> {
  const lane = await system.stores.bots.find(system.tenant.id, botId);
  if (!lane) throw new Error(`there is no bot ${botId}`);
  return lane;
}

export function claim({ protocol }: System, operationId: string, nodeId = 'node-1'): Promise<Claimed | null> {
  return protocol.claim(operationId, { nodeId, leaseSeconds: LEASE_SECONDS });
}

export async function mustClaim(system: System, operationId: string, nodeId = 'node-1'): Promise<Claimed> {
  const claimed = await claim(system, operationId, nodeId);
  if (!claimed) throw new Error(`operation ${operationId} could not be claimed`);
  return claimed;
}

export const SUCCEEDED: Outcome = { outcome: 'succeeded', result: {} };

/** What a worker that did all that was asked would read from its engine. */
export function factsAfter({ operation, bot }: Claimed): BotFacts {
  const at = new Date().toISOString();
  switch (operation.kind) {
    case 'container.create': {
      const { settings: made = settings(), start } = operation.params;
      const incarnation = bot.incarnation + 1;
      return {
        state: start ? 'running' : 'stopped',
        containerId: `${bot.key}-${incarnation}`,
        incarnation,
        image: { ref: made.image, id: 'sha256:0' },
        settings: made,
        sealedEnv: operation.sealedEnv,
        hasData: true,
        containerCreatedAt: at,
        startedAt: start ? at : null,
      };
    }
    case 'container.delete':
      return { ...goneFacts(bot), hasData: bot.hasData && !operation.params.purgeData };
    case 'container.start':
    case 'container.restart':
      return { state: 'running', startedAt: at };
    case 'container.resume':
      return { state: 'running' };
    case 'container.pause':
      return { state: 'paused' };
    case 'container.stop':
      return { state: 'stopped' };
    case 'snapshot.restore':
      return {
        state: operation.target,
        containerId: `${bot.key}-${bot.incarnation + 1}`,
        incarnation: bot.incarnation + 1,
      };
    case 'snapshot.create':
    case 'snapshot.delete':
    case 'container.update':
      return { state: bot.state };
  }
}

/** Claims and settles like a worker that always succeeds. */
export async function perform(system: System, operationId: string, nodeId = 'node-1'): Promise<Claimed> {
  const claimed = await mustClaim(system, operationId, nodeId);
  if (!(await system.protocol.settle(claimed, SUCCEEDED, factsAfter(claimed)))) throw new Error('the claim was lost');
  return claimed;
}

/** A bot whose container runs. */
export async function runningBot(system: System, botId: string): Promise<void> {
  const { operation } = await ask(system, botId, 'container.create');
  await perform(system, operation.id, (await laneOf(system, botId)).bot.nodeId ?? 'node-1');
}

/** As if a worker had died long ago: its lease runs out now. */
export async function expireLease({ sql }: System, operationId: string): Promise<void> {
  await sql(`UPDATE operation SET lease_expires_at = now() - interval '1 s' WHERE id = $1 AND status = 'running'`, [
    operationId,
  ]);
}

export async function row<Row = Record<string, unknown>>({ sql }: System, operationId: string): Promise<Row> {
  const [found] = await sql<Row>('SELECT * FROM operation WHERE id = $1', [operationId]);
  if (!found) throw new Error(`there is no operation ${operationId}`);
  return found;
}

export interface Reserved {
  cpus: number;
  memory: number;
  containers: number;
}

export async function reservedOn({ sql }: System, nodeId: string): Promise<Reserved> {
  const [reserved] = await sql<Reserved>(
    `SELECT sum(cpus) AS cpus, sum(memory_mb)::int AS memory, sum(containers)::int AS containers
     FROM node_reservation WHERE node_id = $1 HAVING count(*) = 16`,
    [nodeId],
  );
  if (!reserved) throw new Error(`there is no node ${nodeId}`);
  return reserved;
}

/** A bot's history: each version and what happened there. */
export function historyOf({ sql, tenant }: System, botId: string): Promise<{ version: number; type: string }[]> {
  return sql(`SELECT version, type FROM event WHERE tenant_id = $1 AND bot_id = $2 ORDER BY id`, [tenant.id, botId]);
}

/** 1, 2, ... n. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
