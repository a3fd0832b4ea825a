import { CATALOGUE } from '#contracts';
import { afterEach, describe, expect, test } from '@jest/globals';
import { backoffMs } from '../backoff.js';
import { BerthClient } from '../client.js';
import { BerthConnectionError, BerthError, OperationFailed, RETRYABLE } from '../errors.js';
import type { ClientOptions } from '../options.js';
import { cut, json, problem, scriptedServer, type ScriptedServer } from './scripted-server.js';

const UNAVAILABLE = problem(503, 'unavailable', { retryable: true });
const OPERATION = {
  id: '1',
  botId: 'alice',
  kind: 'container.start',
  status: 'running',
  finishedAt: null,
  error: null,
};
const ACCEPTED = json(202, { operation: OPERATION });

let server: ScriptedServer;
afterEach(() => server.close());
async function clientOf(
  answers: Parameters<typeof scriptedServer>,
  options: Partial<ClientOptions> = {},
): Promise<BerthClient> {
  server = await scriptedServer(...answers);
  return new BerthClient({ url: server.url, token: 'secret', ...options });
}

describe('what is made again', () => {
  test.each([
    ['a broken connection', cut],
    ['a gateway without a word', json(502, 'bad gateway')],
    ['a retryable problem', UNAVAILABLE],
    [
      'an answer that breaks off',
      (response: Parameters<typeof cut>[0]) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"it', () => response.destroy());
      },
    ],
  ])('a change, under one key, after %s', async (_, failure) => {
    const reasons: BerthError[] = [];
    const client = await clientOf([failure, failure, ACCEPTED], { onRetry: (error) => reasons.push(error) });
    expect(await client.bots.container('alice').start()).toEqual(OPERATION);
    const keys = server.heard.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(String(keys[0])).toMatch(/^[0-9a-f]{32}$/);
    expect(reasons).toHaveLength(2);
  });

  test('each call has a key of its own, or the one that is given', async () => {
    const client = await clientOf([ACCEPTED]);
    for (const options of [{}, {}, { idempotencyKey: 'mine' }]) await client.bots.container('alice').start(options);
    const [one, other, mine] = server.heard.map(({ headers }) => headers['idempotency-key']);
    expect(one).not.toBe(other);
    expect(mine).toBe('mine');
  });

  test('a read, which has no key', async () => {
    const client = await clientOf([cut, json(200, { items: [], nextCursor: null })]);
    expect(await client.bots.list()).toEqual({ items: [], nextCursor: null });
    expect(server.heard.map(({ headers }) => headers['idempotency-key'])).toEqual([undefined, undefined]);
  });

  test('not before the time that was asked for', async () => {
    const client = await clientOf([
      problem(429, 'quota_exceeded', { retryable: true }, { 'retry-after': '1' }),
      ACCEPTED,
    ]);
    const began = Date.now();
    await client.bots.container('alice').start();
    // Timers may be early by a millisecond.
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
  });

  test('no more often than was said, and then it is told', async () => {
    const client = await clientOf([UNAVAILABLE], { retries: 1 });
    await expect(client.bots.list()).rejects.toMatchObject({ code: 'unavailable', status: 503 });
    expect(server.heard).toHaveLength(2);
  });

  test('nothing, once the signal is given', async () => {
    const leave = new AbortController();
    const client = await clientOf([UNAVAILABLE], { onRetry: () => leave.abort() });
    await expect(client.bots.list({}, { signal: leave.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.heard).toHaveLength(1);
  });
});

describe('what is not made again', () => {
  test('what was refused for good', async () => {
    const client = await clientOf([
      problem(409, 'invalid_transition', { containerStatus: 'running', allowed: ['stop'] }),
    ]);
    const error: unknown = await client.bots
      .container('alice')
      .resume()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BerthError);
    expect(error).toMatchObject({
      code: 'invalid_transition',
      status: 409,
      detail: 'it is invalid_transition',
      requestId: 'r-1',
      retryable: false,
      containerStatus: 'running',
      allowed: ['stop'],
    });
    expect(server.heard).toHaveLength(1);
  });

  test.each(['exec', 'task'])('a command (%s) that may have begun', async (kind) => {
    const { bots } = await clientOf([cut]);
    const command = { command: 'true' };
    const call = kind === 'exec' ? bots.exec('alice', command) : bots.tasks('alice').start(command);
    await expect(call).rejects.toBeInstanceOf(BerthConnectionError);
    expect(server.heard).toHaveLength(1);
  });

  test('but a command that was refused before it began is', async () => {
    const { bots } = await clientOf([problem(429, 'quota_exceeded', { retryable: true }), json(200, { exitCode: 0 })]);
    expect(await bots.exec('alice', { command: 'true' })).toEqual({ exitCode: 0 });
  });

  test('the upload of a stream; that of bytes is', async () => {
    const { bots } = await clientOf([UNAVAILABLE, UNAVAILABLE, json(201, { path: '/a', size: 5 })]);
    const files = bots.files('alice');
    await expect(files.write('/a', new Blob(['hello']).stream())).rejects.toMatchObject({ code: 'unavailable' });
    expect(server.heard).toHaveLength(1);
    expect(await files.write('/a', 'hello', { onProgress: () => undefined })).toEqual({ path: '/a', size: 5 });
    expect(server.heard.map(({ body }) => body)).toEqual(['hello', 'hello', 'hello']);
  });
});

test('options become headers, and parameters are kept from meaning something else', async () => {
  const client = await clientOf([ACCEPTED]);
  await client.bots.container('a/b?c').delete({ purgeData: true }, { wait: 90, ifMatch: 12 });
  expect(server.heard[0]).toMatchObject({
    method: 'DELETE',
    url: '/v1/bots/a%2Fb%3Fc/container?purgeData=true',
    headers: { prefer: 'wait=60', 'if-match': '"12"', authorization: 'Bearer secret' },
  });
});

test('a list is read page by page, and no further than it is used', async () => {
  const page = (name: string, nextCursor: string | null) => json(200, { items: [{ botId: name }], nextCursor });
  const client = await clientOf([page('a', 'one'), page('b', 'two'), page('c', null)]);
  for await (const { botId } of client.bots.all({ limit: 1 })) if (botId === 'b') break;
  expect(server.heard.map(({ url }) => url)).toEqual(['/v1/bots?limit=1', '/v1/bots?limit=1&cursor=one']);
});

test('an operation is waited for again and again, and its failure is an error', async () => {
  const ended = { ...OPERATION, status: 'failed', finishedAt: 'now', error: { code: 'disk_full', message: 'full' } };
  const client = await clientOf([json(200, OPERATION), json(200, OPERATION), json(200, ended)]);
  const failure: unknown = await client.operations.wait('1').catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(OperationFailed);
  expect(failure).toMatchObject({ code: 'disk_full', operation: ended });
  expect(server.heard.map(({ url }) => url)).toEqual(Array(3).fill('/v1/operations/1?wait=60'));
  expect(await client.operations.wait('1', { throwOnFailure: false })).toEqual(ended);
});

test('what is told without the word is as retryable as the catalogue says', async () => {
  server = await scriptedServer(cut);
  const retryable = Object.entries(CATALOGUE).flatMap(([code, entry]) => (entry.retryable ? [code] : []));
  expect([...RETRYABLE].sort()).toEqual(retryable.sort());
});

test('attempts come later and later, never beyond a limit, and no sooner than was asked for', async () => {
  server = await scriptedServer(cut);
  for (let failures = 0; failures < 40; failures += 1) {
    const full = Math.min(200 * 2 ** failures, 10_000);
    expect(backoffMs(failures)).toBeGreaterThanOrEqual(full / 2);
    expect(backoffMs(failures)).toBeLessThanOrEqual(full);
  }
  expect(backoffMs(0, 30)).toBe(30_000);
});
