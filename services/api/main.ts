import 'reflect-metadata';
import { createMessaging } from '#messaging';
import { createOperations } from '#operations';
import { AccessStore, createDatabase, EventStore } from '#persistence';
import {
  createLogger,
  createMetrics,
  createSecretBox,
  createShutdown,
  createTokenSigner,
  loadConfig,
  NestLog,
} from '#platform';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { Authenticator } from './access/authenticator.js';
import { AgentClient } from './agent-client.js';
import { AppModule } from './app.module.js';
import { ProblemFilter } from './http/problem.filter.js';
import { serveConsole } from './http/console.js';
import { createAdapter, prepareServer } from './http/server.js';
import { serveSystem } from './http/system.js';
import { Connections } from './live/connections.js';
import { Hub } from './live/hub.js';
import { serveSockets } from './live/sockets.js';
import { Tail } from './live/tail.js';
import { OperationWaiter } from './live/waiter.js';
import { startSweeping } from './sweeper.js';

/** The API: HTTP and sockets. Accepts operations and tells what happened; it has no way to Docker. */
async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLogger({ level: config.log.level, service: 'api' });
  const metrics = createMetrics('api');
  const shutdown = createShutdown({ log, graceMs: 8_000 });
  const secrets = createSecretBox(config.security.secretKey);
  let open = true;

  const database = createDatabase({
    url: config.database.url,
    poolSize: config.database.poolSize,
    applicationName: 'berth-api',
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

  const operations = createOperations({
    database,
    messaging,
    metrics,
    secrets,
    silentSeconds: config.node.silentSeconds,
  });
  const { stores } = operations;
  const access = new AccessStore(database);
  const events = new EventStore(database);
  const authenticator = new Authenticator(access, config.security.apiKey);
  const agents = new AgentClient(createTokenSigner(config.security.secretKey, 'agent'), log);
  shutdown.add('agents', () => agents.close());

  const hub = new Hub();
  const tail = new Tail(events, hub, log, metrics);
  await tail.start();
  shutdown.add('tail', () => tail.stop());
  messaging.bus.subscribe((message) => tail.hear(message));
  shutdown.add('sweep', startSweeping(operations.sweep, log));
  const connections = new Connections(authenticator, log);
  const feeds = { hub, tail, events, bots: stores.bots, database };

  const adapter = createAdapter(log);
  const fastify = adapter.getInstance<FastifyInstance>();
  await prepareServer(fastify, log, metrics);
  serveSystem(fastify, { database, messaging, metrics, isOpen: () => open });
  await serveConsole(fastify);
  const waiter = new OperationWaiter(stores.operations, hub);
  const parts = { config, database, operations, access, secrets, authenticator, agents, connections, waiter, feeds };
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(parts), adapter, {
    logger: new NestLog(log),
    bodyParser: false,
  });
  app.useGlobalFilters(new ProblemFilter(log));
  const sockets = serveSockets(app.getHttpServer(), { ...feeds, authenticator, connections, agents, metrics, log });
  await app.listen({ host: config.http.host, port: config.http.port });
  shutdown.add('http', async () => {
    open = false;
    connections.endAll();
    authenticator.close();
    void sockets.close();
    await app.close();
  });
  log.info({ url: await app.getUrl() }, 'api ready');
}

await main();
