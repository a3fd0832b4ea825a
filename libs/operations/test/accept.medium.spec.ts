import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  addNode,
  ask,
  historyOf,
  laneOf,
  mustClaim,
  perform,
  reservedOn,
  row,
  runningBot,
  settings,
  startSystem,
  upTo,
  type System,
} from './system.js';

let system: System;

beforeAll(async () => {
  system = await startSystem();
  await addNode(system, 'node-1');
});
afterAll(() => system.close());

describe('accept', () => {
  it('writes all that a request changes in one statement', async () => {
    const idempotency = { key: 'first', fingerprint: 'f1' };
    const { operation, statusCode, replayed } = await ask(system, 'alice', 'container.create', { idempotency });
    expect({ statusCode, replayed }).toEqual({ statusCode: 202, replayed: false });
    expect(operation).toMatchObject({ botId: 'alice', kind: 'container.create', status: 'queued', position: 0 });

    // Rows written by one transaction carry its number, whoever wrote them.
    const writers = await system.sql<{ writer: string }>(
      `SELECT xmin::text AS writer FROM operation WHERE id = $1
       UNION ALL SELECT xmin::text FROM bot WHERE bot_id = 'alice'
       UNION ALL SELECT xmin::text FROM event WHERE bot_id = 'alice'
       UNION ALL SELECT xmin::text FROM node_reservation WHERE node_id = 'node-1' AND containers > 0
       UNION ALL SELECT xmin::text FROM idempotency_key WHERE key = 'first'`,
      [operation.id],
    );
    expect(writers).toHaveLength(5);
    expect(new Set(writers.map(({ writer }) => writer)).size).toBe(1);

    const { bot, operations } = await laneOf(system, 'alice');
    expect(bot).toMatchObject({ version: 1, state: 'absent', projected: 'running', seq: 1, nodeId: 'node-1' });
    expect(bot.reserved).toEqual({ cpus: 0.5, memoryMb: 256, containers: 1 });
    expect(operations.map(({ id, seq }) => ({ id, seq }))).toEqual([{ id: operation.id, seq: 1 }]);
    expect(await historyOf(system, 'alice')).toEqual([{ version: 1, type: 'operation.queued' }]);
    expect(await reservedOn(system, 'node-1')).toEqual({ cpus: 0.5, memory: 256, containers: 1 });
    expect(system.bells).toEqual([{ nodeId: 'node-1', operationId: operation.id, dispatch: 1 }]);
    expect(system.published).toEqual([{ type: 'events' }]);
  });

  it('writes nothing of it where one part cannot be written', async () => {
    const before = await system.sql(`SELECT count(*)::int AS n FROM operation`);
    const lane = await laneOf(system, 'alice');
    const twice = { version: 1, type: 'operation.queued', status: 'absent', previousStatus: 'absent' } as const;
    const change = {
      expectVersion: lane.bot.version,
      bot: { ...lane.bot, projected: 'paused', version: lane.bot.version + 1 },
      operations: lane.operations,
      writes: [],
      // A version that is taken already: the event's own index refuses it.
      events: [{ ...twice, operation: null, position: 0, snapshot: null, task: null }],
      snapshots: [],
      tasks: [],
      descends: false,
      reservation: { nodeId: 'node-1', delta: { cpus: 1, memoryMb: 1, containers: 1 } },
    } as const satisfies Parameters<System['stores']['bots']['commit']>[0];
    expect(await system.stores.bots.commit(change)).toBe('lost_race');
    expect((await laneOf(system, 'alice')).bot).toMatchObject({ version: 1, projected: 'running' });
    expect(await reservedOn(system, 'node-1')).toEqual({ cpus: 0.5, memory: 256, containers: 1 });
    expect(await system.sql(`SELECT count(*)::int AS n FROM operation`)).toEqual(before);
  });

  it('answers at once with a recorded operation where nothing is to be done, and the version stays', async () => {
    const before = await laneOf(system, 'alice');
    const bellsBefore = system.bells.length;
    const answer = await ask(system, 'alice', 'container.create');
    expect(answer).toMatchObject({ statusCode: 200, operation: { noop: true, status: 'succeeded', position: 0 } });
    expect(await row(system, answer.operation.id)).toMatchObject({ seq: null, status: 'succeeded', noop: true });
    expect((await laneOf(system, 'alice')).bot).toEqual(before.bot);
    expect(system.bells).toHaveLength(bellsBefore);
  });

  it('queues behind, joins the last waiting one, and refuses what the end of the lane does not allow', async () => {
    const restart = await ask(system, 'alice', 'container.restart');
    expect(restart.operation).toMatchObject({ position: 1, joined: false });
    const joined = await ask(system, 'alice', 'container.restart');
    expect(joined).toMatchObject({
      statusCode: 202,
      operation: { id: restart.operation.id, joined: true, position: 1 },
    });
    const stop = await ask(system, 'alice', 'container.stop');
    expect(stop.operation).toMatchObject({ position: 2, joined: false });
    // What the lane will end in holds already: that comes before joining.
    expect((await ask(system, 'alice', 'container.stop')).operation).toMatchObject({ noop: true, status: 'succeeded' });
    await expect(ask(system, 'alice', 'container.pause')).rejects.toMatchObject({ code: 'invalid_transition' });
    await expect(ask(system, 'nobody', 'container.start')).rejects.toMatchObject({ code: 'bot_not_found' });
    expect((await laneOf(system, 'alice')).bot).toMatchObject({ version: 3, seq: 3, projected: 'stopped' });
  });

  it('supersedes with a delete: the waiting are cancelled, the running one is asked to stop and rung', async () => {
    const { operations } = await laneOf(system, 'alice');
    const [create, ...waiting] = operations;
    if (!create) throw new Error('the lane is empty');
    await mustClaim(system, create.id);
    system.bells.length = 0;
    const { operation } = await ask(system, 'alice', 'container.delete');
    expect(waiting).toHaveLength(2);
    for (const { id } of waiting) {
      expect(await row(system, id)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
    }
    expect(await row(system, create.id)).toMatchObject({ status: 'running', cancel_requested: 'superseded' });
    expect((await laneOf(system, 'alice')).operations.map(({ id }) => id)).toEqual([create.id, operation.id]);
    expect(system.bells.map(({ operationId }) => operationId)).toEqual([create.id]);
    const versions = (await historyOf(system, 'alice')).map(({ version }) => version);
    expect(versions).toEqual(upTo(versions.length));
  });

  it('refuses a request for another version than the bot has, and takes the one it has', async () => {
    await runningBot(system, 'versioned');
    const { version } = (await laneOf(system, 'versioned')).bot;
    const refused = { code: 'version_mismatch' };
    await expect(ask(system, 'versioned', 'container.stop', { ifVersion: version - 1 })).rejects.toMatchObject(refused);
    await expect(ask(system, 'versioned', 'container.stop', { ifVersion: version + 1 })).rejects.toMatchObject(refused);
    expect((await ask(system, 'versioned', 'container.stop', { ifVersion: version })).statusCode).toBe(202);
    await expect(ask(system, 'versioned', 'container.start', { ifVersion: version })).rejects.toMatchObject(refused);
  });

  it('keeps the values of env out of everything that can be read', async () => {
    const secret = 'hunter2-is-no-password';
    const env = { TOKEN: secret };
    const idempotency = { key: 'with env', fingerprint: 'f' };
    const params = { start: true, settings: settings({ env: ['TOKEN'] }) };
    const request = { params, env, idempotency };
    const first = await ask(system, 'secretive', 'container.create', request);
    const again = await ask(system, 'secretive', 'container.create', request);
    const joined = await ask(system, 'secretive', 'container.create', { params, env });
    const claimed = await perform(system, first.operation.id);

    const sealed = claimed.operation.sealedEnv ?? '';
    expect(JSON.parse(system.secrets.open(Buffer.from(sealed, 'base64')))).toEqual(env);
    expect(JSON.stringify([first, again, joined])).not.toContain(secret);
    for (const table of ['operation', 'bot', 'event', 'idempotency_key']) {
      const rows = await system.sql<{ text: string }>(`SELECT to_jsonb(t)::text AS text FROM ${table} t`);
      expect(rows.length).toBeGreaterThan(0);
      for (const { text } of rows) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(0, -4));
      }
    }
    // Once it has ended only the bot keeps the values, sealed, and no answer or event has even those.
    expect(await row(system, first.operation.id)).toMatchObject({ status: 'succeeded', sealed_env: null });
    expect((await laneOf(system, 'secretive')).bot.sealedEnv).toBe(sealed);
    const told = await system.sql<{ text: string }>(`SELECT to_jsonb(e)::text AS text FROM event e`);
    for (const { text } of told) expect(text).not.toContain(sealed);
  });
});
