import { createMessaging } from '#messaging';
import { createOperations } from '#operations';
import { createDatabase, prune } from '#persistence';
import {
  createLogger,
  createMetrics,
  createSecretBox,
  createShutdown,
  createTokenSigner,
  loadConfig,
  type Log,
} from '#platform';
import { createDockerRuntime, type ContainerRuntime, type EngineInfo } from '#runtime';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAgent } from './agent/agent.js';
import { Freezes } from './freezes.js';
import { removeLeftovers } from './handlers/container.js';
import { Housekeeping } from './housekeeping.js';
import { IdlePolicy } from './idle.js';
import { Presence } from './presence.js';
import { Reconciler } from './reconciler.js';
import { Runner } from './runner.js';
import { abort, LeaseKeeper } from './runs.js';
import { Uses } from './uses.js';
import { Watch } from './watch.js';
import { ForkBans } from './workspace/fork-bans.js';
import { RunEnds } from './workspace/run-ends.js';
import { Tasks } from './workspace/tasks.js';
import { TerminalRuns } from './workspace/terminal-runs.js';
import { UploadsLeft } from './workspace/uploads-left.js';

const ENGINE_RETRY_MS = 1_000;
const PRUNE_MS = 600_000;
const PRUNE_BATCH = 5_000;

/** One node's worker: drives one Docker Engine, and nobody else does. */
async function main(): Promise<void> {
  const config = loadConfig();
  const nodeId = config.node.id;
  const log = createLogger({ level: config.log.level, service: 'worker', node: nodeId });
  const metrics = createMetrics('worker');
  const shutdown = createShutdown({ log, graceMs: 8_000 });
  const secrets = createSecretBox(config.security.secretKey);

  const database = createDatabase({
    url: config.database.url,
    poolSize: config.database.poolSize,
    applicationName: `berth-worker-${nodeId}`,
    onFault: (error) => log.warn({ err: error }, 'database connection fault'),
  });
  shutdown.add('database', () => database.close());
  const messaging = await createMessaging({
    redisUrl: config.queue.redisUrl,
    databaseUrl: config.database.url,
    namespace: config.queue.namespace,
    onFault: (what, error) => {
      if (what === 'ring') metrics.enqueueFailures.inc();
      log.warn({ err: error, what }, 'queue fault');
    },
  });
  shutdown.add('queues', () => messaging.close());
  const nodeDir = join(config.dataDir, 'nodes', nodeId);
  const runtime = createDockerRuntime({
    ...(config.docker.host !== undefined && { dockerHost: config.docker.host }),
    dataDir: nodeDir,
    onHungCall: (call) => {
      metrics.dockerHungCalls.inc();
      log.warn({ call }, 'an engine call passed its deadline');
    },
  });
  shutdown.add('engine', () => runtime.close());

  const operations = createOperations({
    database,
    messaging,
    metrics,
    secrets,
    silentSeconds: config.node.silentSeconds,
  });
  const { protocol, sweep, stores } = operations;
  const bans = new ForkBans({ directory: join(nodeDir, 'fork-bans'), runtime, log });
  shutdown.add('fork bans', () => bans.stop());
  const ends = new RunEnds({ programs: runtime, bans });
  const tasks = new Tasks({
    programs: runtime,
    ends,
    record: operations.tasks,
    tasks: stores.tasks,
    bots: stores.bots,
    log,
  });
  const uses = new Uses();
  const terminals = new TerminalRuns({ directory: join(nodeDir, 'terminals'), programs: runtime, ends, log });
  shutdown.add('terminals', () => terminals.stop());
  const uploads = new UploadsLeft({ directory: join(nodeDir, 'uploads'), programs: runtime, bots: stores.bots, log });
  shutdown.add('uploads', () => uploads.stop());
  const agent = createAgent({
    runtime,
    ends,
    uses,
    tasks,
    bots: stores.bots,
    tokens: createTokenSigner(config.security.secretKey, 'agent'),
    secrets,
    uploads,
    maxUploadBytes: config.agent.maxUploadBytes,
    terminals,
    metrics,
    log,
  });
  await agent.listen({ host: config.agent.host, port: config.agent.port });
  shutdown.add('agent', () => agent.close());
  const { port } = agent.server.address() as AddressInfo;

  const presence = new Presence({
    nodeId,
    nodes: stores.nodes,
    sweep,
    runtime,
    log,
    onReplaced: () => void shutdown.run('replaced').then(() => process.exit(1)),
    onDown: () => watch.reconnect(),
    onGivenUp: () => void watch.lookAtAll(),
  });
  shutdown.add('presence', () => Promise.resolve(presence.stop()));
  const leases = new LeaseKeeper((beats, seconds) => stores.operations.heartbeat(beats, seconds), {
    leaseSeconds: config.worker.leaseSeconds,
    onLost: () => metrics.leaseLost.inc(),
    onFault: (error) => log.warn({ err: error }, 'leases could not be renewed'),
  });
  leases.start();
  shutdown.add('leases', () => Promise.resolve(leases.stop()));

  const freezes = new Freezes({
    directory: join(nodeDir, 'frozen'),
    runtime,
    ownerOf: async ({ id, identity }) => {
      const lane = identity && (await stores.bots.find(identity.tenantId, identity.botId));
      return lane?.bot.containerId === id ? lane.bot : null;
    },
    makeWay: (bot, signal) => removeLeftovers({ bot, runtime }, signal),
    log,
  });
  const leftoverMs = config.worker.leftoverSeconds * 1000;
  const housekeeping = new Housekeeping({
    nodeId,
    runtime,
    bots: stores.bots,
    snapshots: stores.snapshots,
    acceptance: operations.acceptance,
    leftoverMs,
    busySince: () => leases.busySince(),
    log,
  });
  const reconciler = new Reconciler({
    nodeId,
    runtime,
    bots: stores.bots,
    protocol,
    freezes,
    tasks,
    leftoverMs,
    metrics,
    log,
  });
  const watch = new Watch({
    runtime,
    bots: stores.bots,
    reconciler,
    log,
    runningBot: (tenantId, botId) => leases.runningBot(tenantId, botId),
    onProgramEnd: (containerId) => tasks.programEnded(containerId),
    onLost: () => void presence.engineLost(),
    onAnswer: () => presence.engineAnswers(),
    onTruth: async () => {
      const prepared = await runtime.prepareNode();
      for (const warning of prepared.warnings) log.warn(warning);
      await presence.engineBack();
    },
  });
  const runner = new Runner({
    nodeId,
    leaseSeconds: config.worker.leaseSeconds,
    runtime,
    protocol,
    bots: stores.bots,
    snapshots: stores.snapshots,
    freezes,
    messaging,
    leases,
    secrets,
    metrics,
    log,
    isUp: () => presence.isUp,
    onEngineLost: () => void presence.engineLost(),
    onSettled: (botKey, lookedAt) => watch.settled(botKey, lookedAt),
    onRestored: () => housekeeping.soon(),
  });

  const engine = await answering(runtime, log);
  await presence.register({
    id: nodeId,
    engineVersion: engine.engineVersion,
    agentUrl: config.agent.url ?? `http://${config.agent.host}:${port}`,
    cpus: engine.cpus,
    memoryMb: engine.memoryMb,
    maxCpus: config.node.cpus ?? null,
    maxMemoryMb: config.node.memoryMb ?? null,
  });
  // Whatever an earlier process of this node was running, it runs no more.
  await stores.operations.releaseLeases(nodeId);
  await housekeeping.begin();
  await sweep.run();
  const idle = new IdlePolicy({ nodeId, bots: stores.bots, acceptance: operations.acceptance, uses, log });
  bans.start();
  terminals.start();
  uploads.start();
  watch.start();
  housekeeping.start();
  idle.start();
  shutdown.add('idle policy', () => idle.stop());
  shutdown.add('housekeeping', () => housekeeping.stop());
  shutdown.add('watch', () => watch.stop());

  const listener = await messaging.listen(nodeId, { concurrency: config.worker.concurrency }, (bell) =>
    runner.ring(bell.operationId),
  );
  const control = await messaging.runControl([
    {
      name: 'prune',
      everyMs: PRUNE_MS,
      run: async (signal) => {
        const options = { days: config.events.retentionDays, batch: PRUNE_BATCH };
        while (!signal.aborted && (await prune(database, options)) >= PRUNE_BATCH) continue;
      },
    },
  ]);
  shutdown.add('jobs', async () => {
    for (const run of leases.runs.values()) abort(run, 'shutdown');
    await Promise.all([listener.close(5_000), control.close(1_000)]);
  });
  log.info({ engine: engine.engineVersion, agentPort: port }, 'worker ready');
}

/** Waits for the engine: a worker that starts before it must not fail for that. */
async function answering(runtime: ContainerRuntime, log: Log): Promise<EngineInfo> {
  for (;;) {
    try {
      return await runtime.info();
    } catch (error) {
      log.warn({ err: error }, 'the engine does not answer yet; asking again');
      await new Promise((resolve) => setTimeout(resolve, ENGINE_RETRY_MS));
    }
  }
}

await main();
