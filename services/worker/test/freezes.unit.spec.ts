import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Bench } from './bench.js';

async function frozen(): Promise<Bench> {
  const bench = new Bench();
  await bench.run('create', { start: true });
  await bench.freezes.freeze(bench.containerId);
  return bench;
}

const stateOf = async ({ runtime, containerId }: Bench) => (await runtime.inspect(containerId))?.engineState;
const isNoted = ({ frozen: directory, containerId }: Bench): boolean => existsSync(join(directory, containerId));

describe('a frozen container', () => {
  test('goes on when the next worker looks, whatever became of the one before', async () => {
    const bench = await frozen();
    await bench.freezes.thawLeft();
    expect([await stateOf(bench), isNoted(bench)]).toEqual(['paused', true]);
    const next = new Bench({ after: bench });
    await next.freezes.thawLeft();
    expect([await stateOf(next), isNoted(next)]).toEqual(['running', false]);
  });

  test('that cannot go on yet is tried again, and keeps nobody from the others', async () => {
    const bench = await frozen();
    // Noted beforehand, though there is nothing to freeze.
    await expect(bench.freezes.freeze('gone')).rejects.toThrow();
    const next = new Bench({ after: bench });
    next.runtime.faults.fail('inspect', 'docker_error');
    await next.freezes.thawLeft();
    expect(readdirSync(next.frozen)).toHaveLength(1);
    await next.freezes.thawLeft();
    expect([await stateOf(next), readdirSync(next.frozen)]).toEqual(['running', []]);
  });

  test('that another has replaced stays as it is, and is forgotten', async () => {
    const bench = await frozen();
    const { containerId } = bench;
    const next = new Bench({ after: bench });
    next.lane = { ...next.lane, bot: { ...next.lane.bot, containerId: 'another' } };
    await next.freezes.thawLeft();
    expect((await next.runtime.inspect(containerId))?.engineState).toBe('paused');
    expect(existsSync(join(next.frozen, containerId))).toBe(false);
  });
});
