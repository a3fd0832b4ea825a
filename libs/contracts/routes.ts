import { z } from 'zod';
import {
  apiKeyCreateBody,
  apiKeyListQuery,
  apiKeyPage,
  apiKeyWithSecretSchema,
  nodeListQuery,
  nodePage,
  nodeSchema,
  tenantCreateBody,
  tenantSchema,
  type Scope,
} from './access.js';
import {
  containerListQuery,
  containerPage,
  containerSchema,
  createBody,
  deleteQuery,
  emptyBody,
  logsQuery,
  statsSchema,
  stopBody,
} from './container.js';
import { botEventsQuery, eventPage, tenantEventsQuery } from './event.js';
import { botId, text } from './fields.js';
import { operationAnswer, operationGetQuery, operationListQuery, operationPage, operationSchema } from './operation.js';
import type { ProblemCode } from './problem.js';
import {
  snapshotCreateBody,
  snapshotListQuery,
  snapshotPage,
  snapshotRestoreBody,
  snapshotSchema,
} from './snapshot.js';

/** Who may call: any key with a scope, any key at all, the operator alone, or anybody. */
export type Access = { scope: Scope } | 'any-key' | 'operator' | 'public';

/** One call of the API: what the controllers bind to and the OpenAPI document is made from. */
export interface Route {
  id: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** With `:name` for parameters. */
  path: string;
  summary: string;
  tag: 'Containers' | 'Snapshots' | 'Operations' | 'Live' | 'Keys' | 'Nodes' | 'System';
  access: Access;
  params: z.ZodType;
  query: z.ZodType;
  body: z.ZodType | null;
  /** Status codes of success and their schema; a string is a media type other than JSON. */
  answers: Record<number, z.ZodType | string | null>;
  problems: ProblemCode[];
  /** Takes `Idempotency-Key`. */
  idempotent: boolean;
}

type Definition = Partial<Pick<Route, 'params' | 'query' | 'body' | 'problems'>> &
  Pick<Route, 'method' | 'path' | 'summary' | 'tag' | 'access' | 'answers'>;

const none = z.strictObject({});
const defaults = { params: none, query: none, body: null, problems: [] as ProblemCode[] };
type Defined<D extends Definition> = Omit<typeof defaults, keyof D> & D & Pick<Route, 'id' | 'idempotent'>;

function define<const D extends Definition>(id: string, definition: D): Defined<D> {
  return { ...defaults, ...definition, id, idempotent: definition.method !== 'GET' };
}

const bot = z.strictObject({ botId });
const byId = z.strictObject({ id: text(64) });
const read = { scope: 'containers:read' } as const;
const write = { scope: 'containers:write' } as const;
const snapshotsWrite = { scope: 'snapshots:write' } as const;
const accepted = { 202: operationAnswer, 200: operationAnswer };
const container = '/v1/bots/:botId/container';
const snapshots = '/v1/bots/:botId/snapshots';
const snapshot = z.strictObject({ botId, id: text(64) });

/** The four verbs that take no parameters. */
const verb = <const V extends 'start' | 'restart' | 'pause' | 'resume'>(name: V, summary: string) =>
  define(`${name}Container`, {
    method: 'POST',
    path: `${container}/${name}`,
    summary,
    tag: 'Containers',
    access: write,
    params: bot,
    body: emptyBody,
    answers: accepted,
    problems: ['bot_not_found', 'invalid_transition', 'version_mismatch', 'quota_exceeded'],
  });

export const routes = {
  listBots: define('listBots', {
    method: 'GET',
    path: '/v1/bots',
    summary: "List the tenant's bots by botId; `q` is the beginning of a botId",
    tag: 'Containers',
    access: read,
    query: containerListQuery,
    answers: { 200: containerPage },
  }),
  createContainer: define('createContainer', {
    method: 'POST',
    path: container,
    summary: "Create a bot's container, and start it if asked to; creating what exists is a no-op",
    tag: 'Containers',
    access: write,
    params: bot,
    body: createBody,
    answers: accepted,
    problems: [
      'version_mismatch',
      'no_capacity',
      'node_unavailable',
      'quota_exceeded',
      'snapshot_not_found',
      'snapshot_busy',
      'invalid_transition',
    ],
  }),
  getContainer: define('getContainer', {
    method: 'GET',
    path: container,
    summary: "A bot's container as it is now",
    tag: 'Containers',
    access: read,
    params: bot,
    answers: { 200: containerSchema },
    problems: ['bot_not_found'],
  }),
  startContainer: verb('start', 'Start it'),
  restartContainer: verb('restart', 'Stop and start it'),
  pauseContainer: verb('pause', 'Freeze its processes'),
  resumeContainer: verb('resume', 'Let frozen processes go on'),
  stopContainer: define('stopContainer', {
    method: 'POST',
    path: `${container}/stop`,
    summary: 'Stop it: gracefully, and by force after the timeout',
    tag: 'Containers',
    access: write,
    params: bot,
    body: stopBody,
    answers: accepted,
    problems: ['bot_not_found', 'invalid_transition', 'version_mismatch', 'quota_exceeded'],
  }),
  deleteContainer: define('deleteContainer', {
    method: 'DELETE',
    path: container,
    summary: 'Delete it; its data volume stays unless `purgeData` is true',
    tag: 'Containers',
    access: write,
    params: bot,
    query: deleteQuery,
    answers: accepted,
    problems: ['bot_not_found', 'version_mismatch'],
  }),
  containerStats: define('containerStats', {
    method: 'GET',
    path: `${container}/stats`,
    summary: 'One sample of what it uses',
    tag: 'Containers',
    access: read,
    params: bot,
    answers: { 200: statsSchema },
    problems: ['bot_not_found', 'container_not_found', 'container_not_running', 'node_unavailable'],
  }),
  containerLogs: define('containerLogs', {
    method: 'GET',
    path: `${container}/logs`,
    summary: 'Output of its main process: text, or server-sent events `stdout`, `stderr` and `end` when following',
    tag: 'Containers',
    access: read,
    params: bot,
    query: logsQuery,
    answers: { 200: 'text/plain' },
    problems: ['bot_not_found', 'container_not_found', 'node_unavailable'],
  }),
  listSnapshots: define('listSnapshots', {
    method: 'GET',
    path: snapshots,
    summary: "List a bot's snapshots, newest first; they outlive its container",
    tag: 'Snapshots',
    access: read,
    params: bot,
    query: snapshotListQuery,
    answers: { 200: snapshotPage },
    problems: ['bot_not_found'],
  }),
  getSnapshot: define('getSnapshot', {
    method: 'GET',
    path: `${snapshots}/:id`,
    summary: 'A snapshot',
    tag: 'Snapshots',
    access: read,
    params: snapshot,
    answers: { 200: snapshotSchema },
    problems: ['bot_not_found', 'snapshot_not_found'],
  }),
  createSnapshot: define('createSnapshot', {
    method: 'POST',
    path: snapshots,
    summary: 'Take a snapshot: of the root filesystem and the data, or of the root filesystem alone',
    tag: 'Snapshots',
    access: snapshotsWrite,
    params: bot,
    body: snapshotCreateBody,
    answers: accepted,
    problems: ['bot_not_found', 'invalid_transition', 'name_taken', 'version_mismatch', 'quota_exceeded'],
  }),
  restoreSnapshot: define('restoreSnapshot', {
    method: 'POST',
    path: `${snapshots}/:id/restore`,
    summary: 'Bring a snapshot back in place; what is there is kept in a safety snapshot, unless that is refused',
    tag: 'Snapshots',
    access: snapshotsWrite,
    params: snapshot,
    body: snapshotRestoreBody,
    answers: accepted,
    problems: [
      'bot_not_found',
      'snapshot_not_found',
      'snapshot_busy',
      'invalid_transition',
      'version_mismatch',
      'quota_exceeded',
    ],
  }),
  deleteSnapshot: define('deleteSnapshot', {
    method: 'DELETE',
    path: `${snapshots}/:id`,
    summary: 'Delete a snapshot, anywhere in the tree; its children move to its parent',
    tag: 'Snapshots',
    access: snapshotsWrite,
    params: snapshot,
    answers: accepted,
    problems: ['bot_not_found', 'snapshot_not_found', 'snapshot_busy', 'version_mismatch', 'quota_exceeded'],
  }),
  listOperations: define('listOperations', {
    method: 'GET',
    path: '/v1/operations',
    summary: 'List operations, newest first',
    tag: 'Operations',
    access: read,
    query: operationListQuery,
    answers: { 200: operationPage },
  }),
  getOperation: define('getOperation', {
    method: 'GET',
    path: '/v1/operations/:id',
    summary: 'An operation; with `wait`, answers when it has ended or the seconds are over',
    tag: 'Operations',
    access: read,
    params: byId,
    query: operationGetQuery,
    answers: { 200: operationSchema },
    problems: ['operation_not_found'],
  }),
  cancelOperation: define('cancelOperation', {
    method: 'POST',
    path: '/v1/operations/:id/cancel',
    summary:
      'Cancel: a waiting one ends at once, a running one as soon as it can, unless it has done its work by then; an ended ' +
      'one stays as it is',
    tag: 'Operations',
    access: write,
    params: byId,
    body: emptyBody,
    answers: { 200: operationSchema },
    problems: ['operation_not_found'],
  }),
  botEvents: define('botEvents', {
    method: 'GET',
    path: '/v1/bots/:botId/events',
    summary: "A bot's events in order: pages, or a stream with `Accept: text/event-stream`",
    tag: 'Live',
    access: read,
    params: bot,
    query: botEventsQuery,
    answers: { 200: eventPage },
    problems: ['bot_not_found'],
  }),
  tenantEvents: define('tenantEvents', {
    method: 'GET',
    path: '/v1/events',
    summary: "The tenant's events in order: pages, or a stream with `Accept: text/event-stream`",
    tag: 'Live',
    access: read,
    query: tenantEventsQuery,
    answers: { 200: eventPage },
  }),
  createApiKey: define('createApiKey', {
    method: 'POST',
    path: '/v1/api-keys',
    summary: 'Make a key, never wider than its maker; its secret is shown this once',
    tag: 'Keys',
    access: { scope: 'keys:admin' },
    body: apiKeyCreateBody,
    answers: { 201: apiKeyWithSecretSchema },
  }),
  listApiKeys: define('listApiKeys', {
    method: 'GET',
    path: '/v1/api-keys',
    summary: "List the tenant's keys, newest first",
    tag: 'Keys',
    access: { scope: 'keys:admin' },
    query: apiKeyListQuery,
    answers: { 200: apiKeyPage },
  }),
  deleteApiKey: define('deleteApiKey', {
    method: 'DELETE',
    path: '/v1/api-keys/:id',
    summary: 'Revoke a key; open connections of its end within 5 s',
    tag: 'Keys',
    access: { scope: 'keys:admin' },
    params: byId,
    answers: { 204: null },
    problems: ['api_key_not_found'],
  }),
  createTenant: define('createTenant', {
    method: 'POST',
    path: '/v1/tenants',
    summary: 'Make a tenant with its first key; for the operator alone',
    tag: 'Keys',
    access: 'operator',
    body: tenantCreateBody,
    answers: { 201: tenantSchema },
    problems: ['name_taken'],
  }),
  listNodes: define('listNodes', {
    method: 'GET',
    path: '/v1/nodes',
    summary: 'List nodes',
    tag: 'Nodes',
    access: { scope: 'nodes:admin' },
    query: nodeListQuery,
    answers: { 200: nodePage },
  }),
  getNode: define('getNode', {
    method: 'GET',
    path: '/v1/nodes/:id',
    summary: 'A node',
    tag: 'Nodes',
    access: { scope: 'nodes:admin' },
    params: byId,
    answers: { 200: nodeSchema },
    problems: ['node_not_found'],
  }),
} satisfies Record<string, Route>;

export type Routes = typeof routes;
export type RouteId = keyof Routes;
