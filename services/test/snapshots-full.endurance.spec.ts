import {
  createTestDatabase,
  ensureTinyImage,
  startServices,
  TINY_IMAGE,
  waitFor,
  type TestDatabase,
  type TestServices,
} from '#testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { enclosing } from '../../scripts/check/enclosure.js';
import { operationOf, TestBot } from './support/bot.js';
import { execIn } from './support/engine.js';
import { startSmallEngine, type SmallEngine } from './support/small-engine.js';

const DISK_BYTES = 160_000_000;
/** What there is to capture, and what is left for it: less, and enough for all else. */
const MUCH_BYTES = 24_000_000;
const LEFT_BYTES = 10_000_000;
/** What the engine's own books may grow by. */
const SLACK_BYTES = 3_000_000;
const DEADLINE_MS = 240_000;

/** Decided by this machine alone: the engine that the other tests use may be somebody's, and its disk is not to be filled. */
const within = await enclosing();
if (!within) throw new Error('An engine of its own takes root on Linux, and dockerd: run the tests as root.');

describe('on a full disk', () => {
  let engine: SmallEngine;
  let database: TestDatabase;
  let services: TestServices;

  beforeAll(async () => {
    engine = await startSmallEngine(within, DISK_BYTES);
    await ensureTinyImage(engine.docker);
    database = await createTestDatabase();
    const env = { BERTH_DEFAULT_IMAGE: TINY_IMAGE, BERTH_DEFAULT_MEMORY_MB: '64' };
    services = await startServices({ databaseUrl: database.url, dockerHost: engine.host, env });
    const isUp = async (): Promise<boolean> =>
      ((await services.http().get(`/v1/nodes/${services.nodeId}`)).body as { status?: string }).status === 'ready';
    await waitFor(isUp, { what: 'the node to be ready', deadlineMs: 60_000 });
  }, DEADLINE_MS);

  afterAll(async () => {
    await services?.stop();
    await database?.drop();
    await engine?.stop();
  }, DEADLINE_MS);

  /** A running bot with a process of its owner's, and much of no two bytes alike at a path. */
  async function botWithMuchAt(name: string, path: string): Promise<TestBot> {
    const bot = new TestBot(name, services.http(), engine.docker);
    await bot.run('create', { start: true });
    await inside(bot, `trap "" HUP; sleep 9999 & echo $! > /tmp/pid; head -c ${MUCH_BYTES} /dev/urandom > ${path}`);
    return bot;
  }

  async function inside(bot: TestBot, line: string): Promise<string> {
    const { exitCode, output } = await execIn(engine.docker, (await bot.inspect()).Id, line);
    expect({ line, exitCode, output }).toMatchObject({ exitCode: 0 });
    return output;
  }

  /** Everything that the engine holds. */
  async function holdings(): Promise<Record<string, string[]>> {
    const [containers, images, volumes] = await Promise.all([
      engine.docker.listContainers({ all: true }),
      engine.docker.listImages({ all: true }),
      engine.docker.listVolumes(),
    ]);
    return {
      containers: containers.map(({ Id, State }) => `${Id} ${State}`).sort(),
      images: images.map(({ Id, RepoTags }) => `${Id} ${RepoTags?.join(' ')}`).sort(),
      volumes: volumes.Volumes.map(({ Name }) => Name).sort(),
    };
  }

  const identity = async (bot: TestBot) => {
    const { Id, State } = await bot.inspect();
    return [Id, State.Pid, State.Running, State.Paused];
  };

  /** Asks for what the disk has no room for, and fails unless all is then as it was before. */
  async function meetsFullDisk(bot: TestBot, ask: () => ReturnType<TestBot['askSnapshot']>): Promise<void> {
    await engine.fill(LEFT_BYTES);
    const [held, before, free] = [await holdings(), await identity(bot), await engine.free()];
    const operation = operationOf(await ask());
    expect(operation).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'disk_full', retryable: false } });
    expect(await holdings()).toEqual(held);
    expect(await identity(bot)).toEqual(before);
    await inside(bot, 'kill -0 $(cat /tmp/pid)');
    expect(await bot.get()).toMatchObject({ status: 'running', lastError: { code: 'disk_full' } });
    // What the engine had written of it is gone, too.
    const isBack = async (): Promise<boolean> => (await engine.free()) > free - SLACK_BYTES;
    await waitFor(isBack, { what: 'the room to be given back', deadlineMs: 30_000 });
    await engine.makeRoom();
  }

  test.each([
    ['commit', '/root/much'],
    ['archive', '/data/much'],
  ])(
    'a snapshot whose %s runs full fails as such, leaves nothing, and succeeds once there is room',
    async (name, path) => {
      const bot = await botWithMuchAt(name, path);
      const ask = () => bot.askSnapshot('POST', '', { name: 'good' }, { prefer: 'wait=45' });
      await meetsFullDisk(bot, ask);
      expect(await bot.snapshots()).toMatchObject([{ status: 'failed', error: { code: 'disk_full' }, sizeBytes: 0 }]);
      const good = await inside(bot, `sha256sum ${path}`);

      const snapshot = await bot.snapshot('good');
      expect(snapshot).toMatchObject({ status: 'ready', current: true });
      expect(snapshot.sizeBytes).toBeGreaterThan(MUCH_BYTES);
      await inside(bot, `rm ${path}`);
      await bot.restore(snapshot.id, { safetySnapshot: false });
      expect(await inside(bot, `sha256sum ${path}`)).toBe(good);
      await bot.run('delete', undefined, '?purgeData=true');
      for (const { id } of await bot.snapshots()) await bot.forget(id);
    },
    DEADLINE_MS,
  );

  test(
    'a restore whose data runs full fails as such, and the old container goes on',
    async () => {
      const bot = await botWithMuchAt('restore', '/data/much');
      const snapshot = await bot.snapshot('good');
      await inside(bot, 'echo newer > /data/note');
      const body = { safetySnapshot: false };
      const ask = () => bot.askSnapshot('POST', `/${snapshot.id}/restore`, body, { prefer: 'wait=45' });
      await meetsFullDisk(bot, ask);
      expect(await inside(bot, 'cat /data/note')).toBe('newer\n');
      expect(await bot.snapshotOf(snapshot.id)).toMatchObject({ status: 'ready', current: true });
      await bot.restore(snapshot.id, body);
      expect(await inside(bot, 'ls /data')).toBe('much\n');
    },
    DEADLINE_MS,
  );
});
