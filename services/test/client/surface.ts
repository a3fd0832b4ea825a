import { BerthClient, BerthConnectionError, BerthError, OperationFailed, type ExecEvent, type LogLine } from '#client';
import { waitFor } from '#testing';
import { expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { System } from '../support/system.js';

/** As the operator, and as one of a test's bots. */
export function clientOf({ services }: System, token = services.apiKey): BerthClient {
  return new BerthClient({ url: services.url, token });
}

/** The first items that satisfy, from an iteration that may have no end. */
export async function until<T>(items: AsyncIterable<T>, isLast: (item: T) => boolean): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) {
    found.push(item);
    if (isLast(item)) return found;
  }
  throw new Error(`it ended before what was waited for: ${JSON.stringify(found)}`);
}

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Every call there is, for real. */
export function surface(system: () => System): void {
  test('a container, from its creation to its end', async () => {
    const client = clientOf(system());
    const { id } = system().bot('life');
    const container = client.bots.container(id);
    await expect(container.get()).rejects.toMatchObject({ code: 'bot_not_found', status: 404 });

    const created = await container.create({ labels: { team: 'blue' } }, { wait: 45 });
    expect(created).toMatchObject({ kind: 'container.create', status: 'succeeded' });
    expect(await container.start({ wait: 45 })).toMatchObject({ kind: 'container.start', status: 'succeeded' });
    const running = await container.get();
    expect(running).toMatchObject({ botId: id, status: 'running', labels: { team: 'blue' } });
    expect(await container.stats()).toMatchObject({ pids: expect.any(Number) });

    const paused = await client.operations.wait(await container.pause());
    expect(paused).toMatchObject({ kind: 'container.pause', status: 'succeeded' });
    expect(await container.resume({ wait: 45 })).toMatchObject({ status: 'succeeded' });
    expect(await container.restart({ wait: 45 })).toMatchObject({ status: 'succeeded' });
    const stale = container.update({ labels: {} }, { ifMatch: running.version });
    await expect(stale).rejects.toMatchObject({ code: 'version_mismatch', status: 412, retryable: false });
    const { version } = await container.get();
    const updated = await container.update({ labels: { team: 'red' } }, { ifMatch: version, wait: 45 });
    expect(updated).toMatchObject({ status: 'succeeded' });
    expect(await container.stop({ timeoutSeconds: 1 }, { wait: 45 })).toMatchObject({ status: 'succeeded' });
    await expect(container.resume()).rejects.toMatchObject({
      code: 'invalid_transition',
      containerStatus: 'stopped',
      allowed: expect.arrayContaining(['start']),
    });
    expect(await allOf(client.bots.all({ q: id }))).toMatchObject([{ botId: id, status: 'stopped' }]);
    expect((await client.bots.list({ q: id, limit: 1 })).items).toHaveLength(1);
    expect(await container.delete({ purgeData: true }, { wait: 45 })).toMatchObject({ status: 'succeeded' });
    expect(await container.get()).toMatchObject({ status: 'absent' });
    const events = await client.bots.events(id, { after: 0, limit: 100 });
    expect(events.items.map((event) => event.version)).toEqual(events.items.map((_, index) => index + 1));
    expect((await client.eventPage({ limit: 1 })).items).toHaveLength(1);
  });

  test('the logs of a container, as text and as they are written', async () => {
    const { bots } = clientOf(system());
    const { id } = system().bot('logs');
    const command = ['sh', '-c', 'echo one; echo two >&2; read wait < /data/go; echo three; sleep 600'];
    await bots
      .container(id)
      .create({ command: ['sh', '-c', `mkfifo /data/go; ${command[2]}`], start: true }, { wait: 45 });
    await waitFor(async () => (await bots.container(id).logs({ tail: 10 })).includes('two'), { what: 'its output' });
    const followed = until<LogLine>(bots.container(id).followLogs({ tail: 10 }), ({ line }) => line === 'three');
    await bots.exec(id, { command: 'echo > /data/go' });
    expect((await followed).map(({ stream, line }) => `${stream} ${line}`).sort()).toEqual([
      'stderr two',
      'stdout one',
      'stdout three',
    ]);
    const signal = AbortSignal.abort();
    expect(await allOf(bots.container(id).followLogs({}, { signal }))).toEqual([]);
  });

  test('operations: listed, waited for, cancelled; one that failed is an error of its own', async () => {
    const client = clientOf(system());
    const { id } = system().bot('operations');
    const container = client.bots.container(id);
    const create = await container.create({ image: `127.0.0.1:1/none:${randomBytes(4).toString('hex')}`, start: true });
    const failure: unknown = await client.operations.wait(create).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OperationFailed);
    expect(failure).toMatchObject({ code: expect.any(String), operation: { id: create.id, status: 'failed' } });
    const looked = await client.operations.wait(create.id, { throwOnFailure: false });
    expect(looked).toMatchObject({ id: create.id, status: 'failed' });
    expect(await client.operations.get(create.id)).toEqual(looked);
    expect(await client.operations.cancel(create.id)).toMatchObject({ id: create.id, status: 'failed' });
    expect((await client.operations.list({ botId: id, limit: 1 })).items).toHaveLength(1);
    expect((await allOf(client.operations.all({ botId: id, kind: 'container.create' }))).map((o) => o.id)).toEqual([
      create.id,
    ]);
    const key = `key-${id}`;
    const [one, other] = [
      await container.create({}, { idempotencyKey: key, wait: 45 }),
      await container.create({}, { idempotencyKey: key, wait: 45 }),
    ];
    expect(other.id).toBe(one.id);
  });

  test('snapshots: taken, listed, restored, deleted', async () => {
    const client = clientOf(system());
    const { id } = system().bot('snapshots');
    await client.bots.container(id).create({ start: true }, { wait: 45 });
    const snapshots = client.bots.snapshots(id);
    const { result } = await client.operations.wait(await snapshots.create({ name: 'good' }));
    const snapshotId = String(result?.['snapshotId']);
    expect(await snapshots.get(snapshotId)).toMatchObject({ name: 'good', status: 'ready' });
    expect(await snapshots.restore(snapshotId, { safetySnapshot: false }, { wait: 45 })).toMatchObject({
      status: 'succeeded',
    });
    expect((await snapshots.list({ limit: 1 })).items).toMatchObject([{ id: snapshotId }]);
    expect(await allOf(snapshots.all())).toMatchObject([{ id: snapshotId, current: true }]);
    await client.bots.container(id).delete({}, { wait: 45 });
    expect(await snapshots.delete(snapshotId, { wait: 45 })).toMatchObject({ status: 'succeeded' });
  });

  test('commands and tasks', async () => {
    const { bots } = clientOf(system());
    const { id } = system().bot('work');
    await bots.container(id).create({ start: true }, { wait: 45 });
    expect(await bots.exec(id, { command: 'echo out; echo err >&2; exit 3' })).toMatchObject({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    const events = await allOf<ExecEvent>(bots.execStream(id, { command: 'echo out; exit 4' }));
    expect(events).toMatchObject([
      { type: 'stdout', data: 'out\n' },
      { type: 'exit', exitCode: 4, timedOut: false },
    ]);
    const unknown = allOf(bots.execStream(id, { command: 'true', cwd: '/none' }));
    await expect(unknown).rejects.toBeInstanceOf(BerthError);

    const tasks = bots.tasks(id);
    const task = await tasks.start({ command: 'echo begun; sleep 600', name: 'long' });
    const line = ({ line: text }: LogLine): boolean => text === 'begun';
    expect(await until(tasks.followLogs(task.id), line)).toEqual([{ stream: 'stdout', line: 'begun' }]);
    expect(await tasks.logs(task.id, { tail: 1 })).toBe('begun\n');
    expect(await tasks.get(task.id)).toMatchObject({ name: 'long', status: 'running' });
    expect(await tasks.stop(task.id, { signal: 'KILL' })).toMatchObject({ status: 'killed' });
    expect(await allOf(tasks.all({ status: 'killed' }))).toMatchObject([{ id: task.id }]);
    expect((await tasks.list({ limit: 1 })).items).toHaveLength(1);
    expect((await allOf(tasks.followLogs(task.id))).at(0)).toEqual({ stream: 'stdout', line: 'begun' });
  });

  test('files, with ranges, archives, streams and progress', async () => {
    const { bots } = clientOf(system());
    const { id } = system().bot('files');
    await bots.container(id).create({ start: true }, { wait: 45 });
    const files = bots.files(id);
    expect(await files.write('/data/a/text', 'hello')).toEqual({ path: '/data/a/text', size: 5 });
    expect(await (await files.read('/data/a/text')).text()).toBe('hello');
    expect(await (await files.read('/data/a/text', { range: { from: 1, to: 3 } })).text()).toBe('ell');
    const bytes = randomBytes(300_000);
    const told: [number, number | null][] = [];
    await files.write('/data/a/bytes', bytes, { onProgress: (sent, total) => told.push([sent, total]) });
    expect(told.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(Buffer.from(await (await files.read('/data/a/bytes')).arrayBuffer()).equals(bytes)).toBe(true);
    await files.write('/data/a/blob', new Blob([bytes]).stream());
    expect((await allOf(files.all('/data/a'))).map(({ name, size }) => [name, size])).toEqual([
      ['blob', bytes.length],
      ['bytes', bytes.length],
      ['text', 5],
    ]);
    expect((await files.list('/data/a', { limit: 1 })).nextCursor).toEqual(expect.any(String));
    expect(await files.mkdir('/data/b')).toEqual({ path: '/data/b' });
    expect(await files.move({ from: '/data/a/text', to: '/data/b/moved' })).toMatchObject({ to: '/data/b/moved' });
    const archive = await (await files.archive('/data/b')).arrayBuffer();
    expect(await files.extract('/data/c', archive)).toMatchObject({ path: '/data/c', entries: expect.any(Number) });
    expect(await (await files.read('/data/c/b/moved')).text()).toBe('hello');
    await files.delete('/data/b', { recursive: true });
    await expect(files.read('/data/b/moved')).rejects.toMatchObject({ code: 'file_not_found', status: 404 });
  });

  test('keys, tenants and nodes', async () => {
    const client = clientOf(system());
    const key = await client.keys.create({ name: 'reader', scopes: ['containers:read'] });
    const reader = clientOf(system(), String(key.secret));
    await expect(reader.bots.container('x').start()).rejects.toMatchObject({ code: 'forbidden', status: 403 });
    expect((await client.keys.list({ limit: 1 })).items).toMatchObject([{ id: key.id }]);
    expect((await allOf(client.keys.all())).map(({ id }) => id)).toContain(key.id);
    await client.keys.delete(key.id);
    await expect(reader.bots.list()).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
    const tenant = await client.tenants.create({ name: `tenant ${randomBytes(4).toString('hex')}` });
    expect(await allOf(clientOf(system(), String(tenant.apiKey.secret)).bots.all())).toEqual([]);
    const [node] = await allOf(client.nodes.all());
    expect(await client.nodes.get(String(node?.id))).toMatchObject({ status: 'ready' });
    expect((await client.nodes.list({ limit: 1 })).items).toHaveLength(1);
  });

  test('a wrong request names what is wrong, and nobody there is a connection error', async () => {
    const client = clientOf(system());
    const wrong = client.bots.container('Not A Bot').create({});
    await expect(wrong).rejects.toMatchObject({
      name: 'BerthError',
      code: 'validation_failed',
      requestId: expect.any(String),
      errors: [{ path: expect.any(String), message: expect.any(String) }],
    });
    const nobody = new BerthClient({ url: 'http://127.0.0.1:1', token: 'x', retries: 0 });
    await expect(nobody.bots.list()).rejects.toBeInstanceOf(BerthConnectionError);
  });
}
