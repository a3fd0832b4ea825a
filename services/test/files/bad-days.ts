import { waitFor } from '#testing';
import { beforeAll, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import tar from 'tar-stream';
import { expectProblem } from '../support/exact.js';
import type { System } from '../support/system.js';
import { idOf } from '../support/system.js';
import { makeTenant } from '../support/tenants.js';
import { BotFiles } from './bot-files.js';

const MIB = 1024 * 1024;

/** Uploads and downloads that do not go well, and large ones. */
export function badDays(system: () => System): void {
  let files: BotFiles;
  beforeAll(async () => {
    files = new BotFiles(system, system().bot('bad-days'));
    await files.bot.run('create', { start: true });
    await files.put('/data/kept', 'as it was');
  });

  const open = (method: string, path: string, headers: Record<string, string> = {}): ClientRequest => {
    const { url, apiKey } = system().services;
    return request(new URL(path, url), { method, headers: { authorization: `Bearer ${apiKey}`, ...headers } });
  };
  /** An upload of which some has arrived in the container, and which is not over. */
  const begin = async (path: string, headers: Record<string, string> = {}): Promise<ClientRequest> => {
    const upload = open('PUT', files.path('/content', path), headers);
    upload.on('error', () => undefined);
    upload.write(Buffer.alloc(MIB, 'half'));
    await waitFor(async () => (await files.leftovers()) !== '', { what: 'the upload to arrive', deadlineMs: 20_000 });
    return upload;
  };
  const nothingLeft = (): Promise<unknown> =>
    waitFor(async () => (await files.leftovers()) === '', { what: 'nothing to be left', deadlineMs: 20_000 });

  test.each([
    ['whose size was told', { 'content-length': String(5 * MIB) }],
    ['whose size was not told', {}],
  ])('an upload %s is cut off: nothing of it appears', async (_which, headers) => {
    for (const path of ['/data/kept', '/data/fresh']) {
      (await begin(path, headers)).destroy();
      await nothingLeft();
    }
    expect(await files.text('/data/kept')).toBe('as it was');
    expectProblem(await files.delete('/data/fresh'), 404, 'file_not_found');
  });

  test('300 MB go up and down to the last byte, and neither service holds them', async () => {
    const { api, worker } = system().services;
    const peak = (pid = 0): number =>
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
    const before = [peak(api.pid), peak(worker.pid)];
    const piece = randomBytes(MIB);
    const sum = createHash('sha256');
    const upload = open('PUT', files.path('/content', '/data/huge'));
    Readable.from(
      (function* () {
        for (let i = 0; i < 300; i += 1) {
          sum.update(piece);
          yield piece;
        }
      })(),
    ).pipe(upload);
    const [answer] = (await once(upload, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(201);
    answer.resume();
    const sent = sum.digest('hex');
    expect(await files.inside.output('sha256sum < /data/huge')).toContain(sent);

    const download = open('GET', files.path('/content', '/data/huge')).end();
    const [body] = (await once(download, 'response')) as [IncomingMessage];
    const received = createHash('sha256');
    for await (const chunk of body) received.update(chunk as Buffer);
    expect(received.digest('hex')).toBe(sent);
    const grown = [peak(api.pid), peak(worker.pid)].map((now, i) => now - (before[i] ?? 0));
    for (const megabytes of grown) expect(megabytes).toBeLessThan(150);
  });

  test('a reader that has gone ends what was read for it', async () => {
    const download = open('GET', files.path('/content', '/data/huge')).end();
    const [body] = (await once(download, 'response')) as [IncomingMessage];
    await once(body, 'readable');
    expect(await files.inside.output('pidof cat')).not.toBe('');
    download.destroy();
    await waitFor(async () => (await files.inside.exec('pidof cat')).exitCode === 1, { what: 'no reader to be left' });
    await files.delete('/data/huge');
  });

  test('the container ends under an upload: the client is told, and nothing stays once it runs again', async () => {
    const upload = await begin('/data/kept');
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    await system()
      .docker.getContainer(idOf(await files.bot.get()))
      .kill();
    const [answer] = await answered;
    expect(answer.statusCode).toBe(409);
    answer.resume();
    await waitFor(async () => (await files.bot.get()).status !== 'running', { what: 'its end to be seen' });
    expectProblem(await files.put('/data/kept', 'x'), 409, 'container_not_running');
    await files.bot.run('start');
    expect(await files.text('/data/kept')).toBe('as it was');
    await nothingLeft();
  });

  test('it ends under an archive for a directory, and the worker is another when it runs again', async () => {
    const upload = open('PUT', files.path('/archive', '/data/tree/sub'));
    upload.on('error', () => undefined);
    const answered = once(upload, 'response');
    const packing = tar.pack();
    packing.entry({ name: 'big' }, Buffer.alloc(MIB));
    packing.finalize();
    upload.write((await buffer(packing)).subarray(0, MIB / 2));
    await waitFor(async () => (await files.leftovers()) !== '', { what: 'it to arrive', deadlineMs: 20_000 });
    await system()
      .docker.getContainer(idOf(await files.bot.get()))
      .kill();
    const [answer] = (await answered) as [IncomingMessage];
    expect(answer.statusCode).toBe(409);
    answer.resume();
    upload.destroy();
    await waitFor(async () => (await files.bot.get()).status !== 'running', { what: 'its end to be seen' });
    const { worker } = system().services;
    await worker.kill();
    worker.start();
    await waitFor(async () => (await system().services.http().get('/v1/nodes')).status === 200, { what: 'the API' });
    await files.bot.run('start');
    await nothingLeft();
    expectProblem(await files.list('/data/tree'), 404, 'file_not_found');
  }, 90_000);

  test('a directory that appears where an upload is to be is kept, and the upload refused', async () => {
    const upload = await begin('/data/place');
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    expect((await files.makeDirectory('/data/place')).status).toBe(201);
    upload.end('the rest');
    const [answer] = await answered;
    const body: unknown = JSON.parse((await buffer(answer)).toString());
    expect([answer.statusCode, body]).toEqual([409, expect.objectContaining({ code: 'file_conflict' })]);
    expect(await files.inside.output('ls -A /data/place')).toBe('');
  });

  test('the directory is deleted under an upload: it is told so', async () => {
    expect((await files.makeDirectory('/data/going')).status).toBe(201);
    const upload = await begin('/data/going/file');
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    await files.inside.output('rm -r /data/going');
    upload.end('the rest');
    const [answer] = await answered;
    const body: unknown = JSON.parse((await buffer(answer)).toString());
    expect([answer.statusCode, body]).toEqual([404, expect.objectContaining({ code: 'file_not_found' })]);
  });

  test('a snapshot is taken under an upload, which then goes on', async () => {
    const upload = await begin('/data/kept');
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    await files.bot.snapshot('under an upload');
    upload.end('the end');
    const [answer] = await answered;
    expect(answer.statusCode).toBe(200);
    answer.resume();
    const { bytes } = await files.get('/data/kept');
    expect([bytes.length, bytes.subarray(-7).toString()]).toEqual([MIB + 7, 'the end']);
    await files.put('/data/kept', 'as it was');
  });

  test('another tenant finds no bot', async () => {
    const other = await makeTenant(system());
    const stranger = new BotFiles(system, system().bot('bad-days', other.http));
    expectProblem(await stranger.put('/data/kept', 'x'), 404, 'bot_not_found');
    expectProblem(await stranger.list('/data'), 404, 'bot_not_found');
  });

  test('the worker is killed under an upload: the client is told, and nothing of it appears', async () => {
    const upload = await begin('/data/kept');
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    const { worker } = system().services;
    await worker.kill();
    const [answer] = await answered;
    expect(answer.statusCode).toBe(503);
    answer.resume();
    worker.start();
    await waitFor(async () => (await files.list('/data')).status === 200, { what: 'the node', deadlineMs: 60_000 });
    await nothingLeft();
    expect(await files.text('/data/kept')).toBe('as it was');
  });
}
