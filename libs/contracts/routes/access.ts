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
  whoamiSchema,
} from '../access.js';
import { byId, define } from './route.js';

const secretOnce =
  'The secret is in the first answer alone. The same request again under its Idempotency-Key makes nothing and is ' +
  'answered with `secret: null`: where the first answer was lost, delete the key and make another.';

export const accessRoutes = {
  whoami: define('whoami', {
    method: 'GET',
    path: '/v1/whoami',
    summary: 'What the key of this call may do, and where',
    tag: 'Keys',
    access: 'any-key',
    answers: { 200: whoamiSchema },
  }),
  createApiKey: define('createApiKey', {
    method: 'POST',
    path: '/v1/api-keys',
    summary: 'Make a key, never wider than its maker; its secret is shown this once',
    description: secretOnce,
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
    description: secretOnce,
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
};
