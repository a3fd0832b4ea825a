import { TINY_IMAGE } from '#testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { getFile, putFile, sizeOf } from './support/archive.js';
import type { TestBot } from './support/bot.js';
import { execIn } from './support/engine.js';
import { idOf, startSystem, type System } from './support/system.js';
import { makeTenant, withDatabase } from './support/tenants.js';

const TIMES = 130;
const MOST_LAYERS = 100;
const STATE = '/opt/state';
/** Tells n by its length too, which is quicker to look at than what is in it. */
const state = (n: number): string => `state ${n} `.padEnd(1000 + n, '.');
/** How often all of it is looked at. */
const WHOLE_EVERY = 10;
/** On a busy machine. */
const DEADLINE_MS = 600_000;

let system: System;
let image: string;

beforeAll(async () => {
  system = await startSystem();
  image = await imageWithSettings();
}, 120_000);

afterAll(async () => {
  await system?.stop();
  if (image) await system.docker.getImage(image).remove();
}, 120_000);

/** The tiny image with settings that only its configuration holds. */
async function imageWithSettings(): Promise<string> {
  const { docker } = system;
  const [repo, tag] = ['berth-test/settings', system.services.nodeId];
  const container = await docker.createContainer({ Image: TINY_IMAGE, Cmd: ['true'] });
  const changes = ['ENV GREETING="hello world"', 'WORKDIR /opt', 'USER 1000:1000', 'CMD ["sh"]'].join('\n');
  await container.commit({ repo, tag, changes });
  await container.remove();
  return `${repo}:${tag}`;
}

async function makeDeepBot(): Promise<TestBot> {
  const tenant = await makeTenant(system);
  await withDatabase(system, (database) =>
    database.query('UPDATE tenant SET max_snapshots_per_bot = $2 WHERE id = $1::uuid RETURNING id', [tenant.id, TIMES]),
  );
  const bot = system.bot('deep', tenant.http);
  await bot.run('create', { image });
  return bot;
}

test(
  `a snapshot and its restore, ${TIMES} times in turn, are right each time, and never too deep`,
  async () => {
    const { docker } = system;
    const bot = await makeDeepBot();
    const taken: string[] = [];
    let containerId = idOf(await bot.get());
    for (let n = 1; n <= TIMES; n += 1) {
      const before = containerId;
      await putFile(docker, before, STATE, state(n));
      const { id } = await bot.snapshot(`state ${n}`, { scope: 'container' });
      taken.push(id);
      await bot.restore(id, { safetySnapshot: false });
      containerId = idOf(await bot.get());
      expect(containerId).not.toBe(before);
      expect(await sizeOf(docker, containerId, STATE)).toBe(1000 + n);
      if (n % WHOLE_EVERY === 0) expect(await getFile(docker, containerId, STATE)).toBe(state(n));
    }

    const layers = (await bot.snapshots()).map((snapshot) => snapshot.layers).reverse();
    const deepest = layers.indexOf(MOST_LAYERS);
    expect({ layers, most: Math.max(...layers) }).toEqual({ layers, most: MOST_LAYERS });
    // Each adds one, until the next would pass.
    expect(layers[deepest - 1]).toBe(MOST_LAYERS - 1);
    expect(layers.slice(deepest + 1, deepest + 3)).toEqual([1, 2]);

    // One from either side of that.
    for (const n of [3, deepest + 1, deepest + 2]) {
      await bot.restore(taken[n - 1] ?? '', { safetySnapshot: false });
      containerId = idOf(await bot.get());
      expect(await getFile(docker, containerId, STATE)).toBe(state(n));
    }
    const { Config } = await docker.getImage(`berth/snapshot:${taken.at(-1)}`).inspect();
    expect(Config).toMatchObject({
      Env: expect.arrayContaining(['GREETING=hello world']),
      WorkingDir: '/opt',
      User: '1000:1000',
    });
    await bot.run('start');
    expect(await execIn(docker, containerId, 'pwd; id -u; id -g; echo "$GREETING"; cat state')).toEqual({
      exitCode: 0,
      output: `/opt\n1000\n1000\nhello world\n${state(deepest + 2)}`,
    });
  },
  DEADLINE_MS,
);
