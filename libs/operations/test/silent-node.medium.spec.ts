import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Observation } from '#domain';
import {
  addNode,
  ask,
  expireLease,
  historyOf,
  laneOf,
  mustClaim,
  perform,
  row,
  runningBot,
  startSystem,
  upTo,
  type System,
  forgetAll,
} from './system.js';

let system: System;
let epoch: number;

beforeAll(async () => void (system = await startSystem()));
afterAll(() => system.close());
beforeEach(async () => {
  await forgetAll(system);
  epoch = await addNode(system, 'node-1');
});

const fallSilent = (nodeId: string) =>
  system.sql(`UPDATE node SET heartbeat_at = now() - interval '16 s' WHERE id = $1`, [nodeId]);
const stateOf = async (botId: string) => (await laneOf(system, botId)).bot.state;
const lastEvent = async (botId: string) =>
  (
    await system.sql<{ type: string; data: { status: string; previousStatus: string } }>(
      `SELECT type, data FROM event WHERE bot_id = $1 ORDER BY version DESC LIMIT 1`,
      [botId],
    )
  )[0];

/** What an engine tells of a bot's container. */
async function engineView(botId: string, engineState: Observation['engineState']): Promise<Observation> {
  const { bot } = await laneOf(system, botId);
  const ended = engineState === 'exited' ? new Date().toISOString() : null;
  return {
    containerId: bot.containerId ?? '',
    engineState,
    exitCode: ended ? 137 : 0,
    oomKilled: false,
    startedAt: bot.startedAt,
    finishedAt: ended,
  };
}
const observe = async (botId: string, observation: Observation | null) =>
  system.protocol.observe((await laneOf(system, botId)).bot.key, () => Promise.resolve(observation));

describe('a silent node', () => {
  it('is down, and what it ran is unknown, each bot with its event', async () => {
    for (const botId of ['a', 'b']) await runningBot(system, botId);
    await ask(system, 'never-made', 'container.create');
    await system.sweep.run();
    expect(await stateOf('a')).toBe('running');
    await fallSilent('node-1');
    await Promise.all(upTo(4).map(() => system.sweep.run()));
    expect((await system.stores.nodes.find('node-1'))?.status).toBe('down');
    for (const botId of ['a', 'b']) {
      expect(await stateOf(botId)).toBe('unknown');
      expect(await lastEvent(botId)).toMatchObject({
        type: 'container.status',
        data: { status: 'unknown', previousStatus: 'running' },
      });
      const versions = (await historyOf(system, botId)).map(({ version }) => version);
      expect(versions).toEqual(upTo(versions.length));
    }
    // Nobody has been told that it exists, so there is nothing to be unsure of.
    expect(await stateOf('never-made')).toBe('absent');
    const before = await historyOf(system, 'a');
    await system.sweep.run();
    expect(await historyOf(system, 'a')).toEqual(before);
  });

  it('takes requests that wait for it, and is not rung', async () => {
    await runningBot(system, 'a');
    await fallSilent('node-1');
    await system.sweep.run();
    const { operation } = await ask(system, 'a', 'container.stop');
    await system.sql(`UPDATE operation SET dispatched_at = NULL WHERE id = $1`, [operation.id]);
    system.bells.length = 0;
    await system.sweep.run();
    expect(system.bells).toEqual([]);
    await system.stores.nodes.heartbeat('node-1', epoch, true);
    await system.sweep.run();
    expect(system.bells.map(({ operationId }) => operationId)).toEqual([operation.id]);
  });

  it('tells the truth again by observation: as it was, as it became, and gone', async () => {
    for (const botId of ['same', 'ended', 'gone']) await runningBot(system, botId);
    await fallSilent('node-1');
    await system.sweep.run();
    await system.stores.nodes.heartbeat('node-1', epoch, true);
    await observe('same', await engineView('same', 'running'));
    await observe('ended', await engineView('ended', 'exited'));
    await observe('gone', null);
    expect(await stateOf('same')).toBe('running');
    expect((await laneOf(system, 'ended')).bot).toMatchObject({
      state: 'stopped',
      exit: { code: 137, cause: 'killed' },
    });
    expect((await laneOf(system, 'gone')).bot).toMatchObject({ state: 'absent', containerId: null });
    expect(await lastEvent('same')).toMatchObject({ data: { status: 'running', previousStatus: 'unknown' } });
    await system.sweep.run();
    expect(await stateOf('same')).toBe('running');
  });

  it('that was up again by the time a sweep gets there is left alone', async () => {
    await runningBot(system, 'a');
    await fallSilent('node-1');
    const { nodes } = system.stores;
    const sweepSilent = nodes.sweepSilent.bind(nodes);
    jest.spyOn(nodes, 'sweepSilent').mockImplementationOnce(async (seconds) => {
      const down = await sweepSilent(seconds);
      await nodes.heartbeat('node-1', epoch, true);
      return down;
    });
    await system.sweep.run();
    expect((await nodes.find('node-1'))?.status).toBe('ready');
    expect(await stateOf('a')).toBe('running');
  });

  it('keeps an operation that ran there, which ends or is tried again when it is back', async () => {
    await runningBot(system, 'a');
    const { operation } = await ask(system, 'a', 'container.stop');
    await mustClaim(system, operation.id);
    await fallSilent('node-1');
    await system.sweep.run();
    expect((await laneOf(system, 'a')).bot).toMatchObject({ state: 'unknown', projected: 'stopped' });
    await expireLease(system, operation.id);
    await system.sweep.run();
    expect(await row(system, operation.id)).toMatchObject({ status: 'queued', attempt: 1 });
    await system.stores.nodes.heartbeat('node-1', epoch, true);
    await observe('a', await engineView('a', 'running'));
    await perform(system, operation.id);
    expect(await stateOf('a')).toBe('stopped');
  });
});

describe('observe', () => {
  it('records what happened by other hands, and nothing where nothing did', async () => {
    await runningBot(system, 'a');
    expect(await observe('a', await engineView('a', 'running'))).toBeNull();
    await observe('a', await engineView('a', 'paused'));
    expect(await stateOf('a')).toBe('paused');
  });

  it('leaves a bot to the operation that runs, and looks again where one came in between', async () => {
    await runningBot(system, 'a');
    const { operation } = await ask(system, 'a', 'container.stop');
    const { key } = (await laneOf(system, 'a')).bot;
    let looks = 0;
    const change = await system.protocol.observe(key, async () => {
      looks += 1;
      const seen = await engineView('a', looks === 1 ? 'paused' : 'running');
      if (looks === 1) await perform(system, operation.id);
      return looks === 1 ? seen : { ...seen, engineState: 'created' };
    });
    expect(looks).toBe(2);
    expect(change).toBeNull();
    expect(await stateOf('a')).toBe('stopped');
  });
});
