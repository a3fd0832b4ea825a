import { startServices, waitFor, type TestServices } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { STUBBORN, TestBed } from './bed.js';
import { DockerProxy, callOn } from './docker-proxy.js';
import { expectTruth } from './truth.js';

const nodeId = `zombie-${randomBytes(4).toString('hex')}`;
const env = {
  BERTH_LEASE_SECONDS: '5',
  BERTH_NODE_SILENT_SECONDS: '5',
  BERTH_SECRET_KEY: `test-secret-${randomBytes(24).toString('hex')}`,
  BERTH_QUEUE_NAMESPACE: 'zombie',
};
/** Lease and silence, and the sweep that notices. */
const NOTICED_MS = 15_000;

let bed: TestBed;
let docker: DockerProxy;
let successor: TestServices | undefined;

beforeAll(async () => {
  docker = await DockerProxy.start();
  bed = await TestBed.start({ dockerHost: docker.host, nodeId, env });
});

afterAll(async () => {
  await bed?.services.worker.kill('SIGCONT');
  await successor?.stop();
  await bed?.stop().finally(() => docker?.close());
});

/** What happened to the operation, in order. */
async function storyOf(bot: string, id: string): Promise<string[]> {
  const events = await bed.events(bot);
  return events.flatMap(({ type, data }) =>
    data.operation?.id === id && type !== 'container.status' ? [`${type} ${data.operation.attempt}`] : [],
  );
}

describe('a worker that is stopped for longer than its lease', () => {
  it('writes nothing with its old claims, and what it had begun is done once', async () => {
    const idle = bed.bot('idle');
    const starting = bed.bot('starting');
    const stopping = bed.bot('stopping');
    const deleting = bed.bot('deleting');
    const creating = bed.bot('creating');
    const waiting = bed.bot('waiting');
    const [, startingId, stoppingId, deletingId] = await Promise.all([
      bed.make(idle, true),
      bed.make(starting, false),
      bed.make(stopping, true, STUBBORN),
      bed.make(deleting, true),
      bed.make(waiting, true),
    ]);
    const held = docker.hold(
      (call) =>
        callOn('POST', startingId, '/start')(call) ||
        callOn('POST', stoppingId, '/stop')(call) ||
        callOn('DELETE', deletingId, '')(call) ||
        (call.path.includes('/containers/create') && call.path.includes(creating)),
      'during',
    );
    const begun = [
      { bot: starting, state: 'running', deaths: 0, ...(await bed.accept(starting, 'start')) },
      { bot: stopping, state: 'stopped', deaths: 1, ...(await bed.accept(stopping, 'stop', { timeoutSeconds: 1 })) },
      { bot: deleting, state: 'absent', deaths: 1, ...(await bed.accept(deleting, 'delete')) },
      { bot: creating, state: 'running', deaths: 0, ...(await bed.accept(creating, 'create', { start: true })) },
    ] as const;
    await held.reached(begun.length);
    await bed.services.worker.kill('SIGSTOP');

    await bed.until(idle, 'unknown', NOTICED_MS);
    for (const { id } of begun) {
      const isQueued = async () => (await bed.operation(id)).status === 'queued';
      await waitFor(isQueued, { what: 'the lease to run out', deadlineMs: NOTICED_MS });
    }
    // Nobody else may drive the node's engine, so these wait for it.
    const later = await bed.accept(waiting, 'stop');

    await bed.services.worker.kill('SIGCONT');
    held.release();
    for (const { bot, state, deaths, id } of begun) {
      await bed.succeeds(id);
      expect(await storyOf(bot, id)).toEqual([
        'operation.queued 0',
        'operation.started 1',
        'operation.queued 1',
        'operation.started 2',
        'operation.succeeded 2',
      ]);
      await expectTruth(bed, bot, state);
      expect({ bot, created: bed.engine.count(bot, 'create') }).toEqual({ bot, created: 1 });
      expect({ bot, deaths: bed.engine.count(bot, 'die') }).toEqual({ bot, deaths });
    }
    await bed.succeeds(later.id);
    await expectTruth(bed, waiting, 'stopped');
    // It was given up with its node and nothing happens to it: somebody looks, and not at the next listing alone.
    await expectTruth(bed, idle, 'running', 10_000);
  });

  it('ends when it wakes and finds a successor, which has done its work', async () => {
    const bot = bed.bot('taken-over');
    const containerId = await bed.make(bot, false);
    const held = docker.hold(callOn('POST', containerId, '/start'), 'before');
    const { id } = await bed.accept(bot, 'start');
    await held.reached();
    await bed.services.worker.kill('SIGSTOP');
    const { url } = bed.database;
    successor = await startServices({ databaseUrl: url, nodeId, start: ['worker'], env });
    expect((await bed.succeeds(id)).attempt).toBe(2);

    await bed.services.worker.kill('SIGCONT');
    held.release();
    await waitFor(() => !bed.services.worker.running, { what: 'the old worker to end', deadlineMs: 15_000 });
    expect(bed.services.worker.lastLogs()).toContain('another worker has taken over');
    await expectTruth(bed, bot, 'running');
    expect(bed.engine.count(bot, 'start')).toBe(1);
    await bed.succeeds((await bed.accept(bot, 'delete')).id);
    await expectTruth(bed, bot, 'absent');
  });
});
