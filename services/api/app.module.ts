import { Acceptance, Protocol, type Operations } from '#operations';
import {
  AccessStore,
  BotStore,
  IdempotencyStore,
  NodeStore,
  OperationStore,
  SnapshotStore,
  TaskStore,
  type Database,
} from '#persistence';
import type { Config, SecretBox } from '#platform';
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Authenticator } from './access/authenticator.js';
import { AgentClient } from './agent-client.js';
import { ContainersController } from './controllers/containers.controller.js';
import { EventsController } from './controllers/events.controller.js';
import { ExecController } from './controllers/exec.controller.js';
import { FilesController } from './controllers/files.controller.js';
import { KeysController } from './controllers/keys.controller.js';
import { NodesController } from './controllers/nodes.controller.js';
import { ObservationController } from './controllers/observation.controller.js';
import { OperationsController } from './controllers/operations.controller.js';
import { SnapshotsController } from './controllers/snapshots.controller.js';
import { TasksController } from './controllers/tasks.controller.js';
import { AccessGuard } from './http/access.guard.js';
import { Connections } from './live/connections.js';
import type { FeedParts } from './live/feed.js';
import { OperationWaiter } from './live/waiter.js';
import { CONFIG, DATABASE, FEEDS, SECRETS } from './tokens.js';

/** What the composition root has built and the controllers need. */
export interface AppParts {
  config: Config;
  database: Database;
  operations: Operations;
  access: AccessStore;
  secrets: SecretBox;
  authenticator: Authenticator;
  agents: AgentClient;
  connections: Connections;
  waiter: OperationWaiter;
  feeds: FeedParts;
}

@Module({})
export class AppModule {
  static of(parts: AppParts): DynamicModule {
    const { acceptance, protocol, stores } = parts.operations;
    const values = new Map<unknown, unknown>([
      [CONFIG, parts.config],
      [DATABASE, parts.database],
      [FEEDS, parts.feeds],
      [SECRETS, parts.secrets],
      [Acceptance, acceptance],
      [Protocol, protocol],
      [AccessStore, parts.access],
      [BotStore, stores.bots],
      [IdempotencyStore, stores.idempotency],
      [NodeStore, stores.nodes],
      [OperationStore, stores.operations],
      [SnapshotStore, stores.snapshots],
      [TaskStore, stores.tasks],
      [Authenticator, parts.authenticator],
      [AgentClient, parts.agents],
      [Connections, parts.connections],
      [OperationWaiter, parts.waiter],
    ]);
    return {
      module: AppModule,
      controllers: [
        ContainersController,
        ObservationController,
        ExecController,
        FilesController,
        OperationsController,
        SnapshotsController,
        TasksController,
        EventsController,
        KeysController,
        NodesController,
      ],
      providers: [
        ...[...values].map(([provide, useValue]) => ({ provide: provide as symbol, useValue })),
        { provide: APP_GUARD, useClass: AccessGuard },
      ],
    };
  }
}
