import { accessRoutes } from './routes/access.js';
import { containerRoutes } from './routes/containers.js';
import { fileRoutes } from './routes/files.js';
import { liveRoutes } from './routes/live.js';
import { operationRoutes } from './routes/operations.js';
import type { Route } from './routes/route.js';
import { snapshotRoutes } from './routes/snapshots.js';
import { taskRoutes } from './routes/tasks.js';
import { workspaceRoutes } from './routes/workspace.js';

export type { Access, Route } from './routes/route.js';

/** Every call of the API. */
export const routes = {
  ...containerRoutes,
  ...snapshotRoutes,
  ...workspaceRoutes,
  ...fileRoutes,
  ...taskRoutes,
  ...operationRoutes,
  ...liveRoutes,
  ...accessRoutes,
} satisfies Record<string, Route>;

export type Routes = typeof routes;
export type RouteId = keyof Routes;
