import { routes, type Route } from '#contracts';
import { expect, test } from '@jest/globals';
import { BerthClient } from '../client.js';
import type { Http } from '../http.js';

const PAGE = { items: [], entries: [], nextCursor: null, operation: {} };

/** A client that reaches nobody, and what it would have asked. */
function recorded(): { client: BerthClient; asked: string[] } {
  const asked: string[] = [];
  const fetch = async (url: string, { method }: RequestInit): Promise<Response> => {
    asked.push(`${method} ${new URL(url).pathname}`);
    return new Response(JSON.stringify(PAGE), { headers: { 'content-type': 'application/json' } });
  };
  return { client: new BerthClient({ url: 'http://berth.test', token: 'x', fetch }), asked };
}

/** A call of each method, by the names of the table. */
const CALLS: Record<keyof typeof routes, (client: BerthClient) => unknown> = {
  whoami: (client) => client.whoami(),
  listBots: ({ bots }) => bots.list(),
  createContainer: ({ bots }) => bots.container('alice').create(),
  getContainer: ({ bots }) => bots.container('alice').get(),
  startContainer: ({ bots }) => bots.container('alice').start(),
  restartContainer: ({ bots }) => bots.container('alice').restart(),
  pauseContainer: ({ bots }) => bots.container('alice').pause(),
  resumeContainer: ({ bots }) => bots.container('alice').resume(),
  stopContainer: ({ bots }) => bots.container('alice').stop(),
  updateContainer: ({ bots }) => bots.container('alice').update({ labels: {} }),
  deleteContainer: ({ bots }) => bots.container('alice').delete(),
  containerStats: ({ bots }) => bots.container('alice').stats(),
  containerLogs: ({ bots }) => bots.container('alice').logs(),
  listSnapshots: ({ bots }) => bots.snapshots('alice').list(),
  getSnapshot: ({ bots }) => bots.snapshots('alice').get('1'),
  createSnapshot: ({ bots }) => bots.snapshots('alice').create({ name: 'good' }),
  restoreSnapshot: ({ bots }) => bots.snapshots('alice').restore('1'),
  deleteSnapshot: ({ bots }) => bots.snapshots('alice').delete('1'),
  exec: ({ bots }) => bots.exec('alice', { command: 'true' }),
  listFiles: ({ bots }) => bots.files('alice').list('/'),
  readFile: ({ bots }) => bots.files('alice').read('/a'),
  writeFile: ({ bots }) => bots.files('alice').write('/a', ''),
  createDirectory: ({ bots }) => bots.files('alice').mkdir('/a'),
  moveFile: ({ bots }) => bots.files('alice').move({ from: '/a', to: '/b' }),
  deleteFile: ({ bots }) => bots.files('alice').delete('/a'),
  readArchive: ({ bots }) => bots.files('alice').archive('/a'),
  writeArchive: ({ bots }) => bots.files('alice').extract('/a', ''),
  createTask: ({ bots }) => bots.tasks('alice').start({ command: 'true' }),
  listTasks: ({ bots }) => bots.tasks('alice').list(),
  getTask: ({ bots }) => bots.tasks('alice').get('1'),
  taskLogs: ({ bots }) => bots.tasks('alice').logs('1'),
  endTask: ({ bots }) => bots.tasks('alice').stop('1'),
  listOperations: ({ operations }) => operations.list(),
  getOperation: ({ operations }) => operations.get('1'),
  cancelOperation: ({ operations }) => operations.cancel('1'),
  botEvents: ({ bots }) => bots.events('alice'),
  tenantEvents: (client) => client.eventPage(),
  createApiKey: ({ keys }) => keys.create({ name: 'a', scopes: ['containers:read'] }),
  listApiKeys: ({ keys }) => keys.list(),
  deleteApiKey: ({ keys }) => keys.delete('1'),
  createTenant: ({ tenants }) => tenants.create({ name: 'a' }),
  listNodes: ({ nodes }) => nodes.list(),
  getNode: ({ nodes }) => nodes.get('1'),
};

// What is public and for machines (/livez, /metrics, ...) is no route of the table, and no call of the client.
test.each(Object.values<Route>(routes))('the client makes the call $id', async ({ id, method, path }) => {
  const { client, asked } = recorded();
  await CALLS[id as keyof typeof routes](client);
  expect(asked).toEqual([`${method} ${path.replace(':botId', 'alice').replace(':id', '1')}`]);
});

test('a call that is not in the table does not compile', () => {
  const wrong = (http: Http): unknown => [
    // @ts-expect-error another path
    http.json('getContainer', 'GET', '/v1/bots/:botId/containers', { params: { botId: 'a' } }),
    // @ts-expect-error another method
    http.json('getContainer', 'POST', '/v1/bots/:botId/container', { params: { botId: 'a' } }),
    // @ts-expect-error no parameters
    http.json('getContainer', 'GET', '/v1/bots/:botId/container', {}),
    // @ts-expect-error no body
    http.json('createSnapshot', 'POST', '/v1/bots/:botId/snapshots', { params: { botId: 'a' } }),
    // @ts-expect-error a number of a query is a number
    http.json('listBots', 'GET', '/v1/bots', { query: { limit: '3' } }),
  ];
  expect(wrong).toBeInstanceOf(Function);
});
