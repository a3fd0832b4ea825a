import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runControlTasks } from '../control.js';
import type { DoorbellListener } from '../index.js';
import { createPostgresStore } from '../postgres-store.js';
import { createRedisStore } from '../redis-store.js';
import { BACKENDS, startStore, type TestStore } from './harness.js';
import { waitFor } from './wait-for.js';

const HOUR_MS = 3_600_000;

describe.each(BACKENDS)('control tasks on %s', (backend) => {
  let store: TestStore;
  const running: DoorbellListener[] = [];

  beforeEach(async () => {
    store = await startStore(backend);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((listener) => listener.close(1_000)));
    await store.stop();
  });

  async function worker(...tasks: { name: string; everyMs: number; run: (signal: AbortSignal) => Promise<void> }[]) {
    const { messaging, faults } = await store.open();
    const listener = await messaging.runControl(tasks);
    running.push(listener);
    return { listener, faults };
  }

  it('runs a duty again and again', async () => {
    let runs = 0;
    await worker({ name: 'prune', everyMs: 100, run: () => Promise.resolve(void runs++) });
    await waitFor('five runs', () => runs >= 5);
  });

  it('runs one duty at a time, of all workers', async () => {
    let [now, most, runs] = [0, 0, 0];
    const run = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 20));
      now--;
      runs++;
    };
    const tasks = ['a', 'b', 'c'].map((name) => ({ name, everyMs: 50, run }));
    await Promise.all([worker(...tasks), worker(...tasks)]);
    await waitFor('twenty runs', () => runs >= 20);
    expect(most).toBe(1);
  });

  it('leaves a living schedule alone when a worker starts again', async () => {
    const runs: string[] = [];
    const task = (who: string) => ({ name: 'rare', everyMs: HOUR_MS, run: () => Promise.resolve(void runs.push(who)) });
    const { listener } = await worker(task('first'));
    await waitFor('the first run', () => runs.length === 1);
    const queue = store.rawQueue('control');
    const before = await queue.getJobScheduler('rare');
    await listener.close(1_000);
    await worker(task('second'), {
      name: 'marker',
      everyMs: HOUR_MS,
      run: () => Promise.resolve(void runs.push('marker')),
    });
    await waitFor('the second worker has scheduled', () => runs.includes('marker'));
    expect(await queue.getJobScheduler('rare')).toEqual(before);
    expect(runs.filter((who) => who !== 'marker')).toEqual(['first']);
  });

  it('reports a duty that fails, and runs it again', async () => {
    let runs = 0;
    const { faults } = await worker({
      name: 'fails',
      everyMs: 100,
      run: () => Promise.reject(new Error(`run ${++runs}`)),
    });
    await waitFor('three runs', () => runs >= 3);
    expect(faults).toContainEqual({ what: 'handler', error: expect.objectContaining({ message: 'run 2' }) });
  });

  it('asks a running duty to stop when it closes', async () => {
    let stopped = false;
    let started = false;
    const run = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        started = true;
        signal.addEventListener('abort', () => {
          stopped = true;
          resolve();
        });
      });
    const { listener } = await worker({ name: 'long', everyMs: HOUR_MS, run });
    await waitFor('the run', () => started);
    await listener.close(5_000);
    expect(stopped).toBe(true);
  });

  it('drops a schedule that nobody knows', async () => {
    await store.open();
    // The store's own tables may not be there yet.
    let queue = store.rawQueue('control');
    await waitFor('the schedule is there', async () => {
      try {
        await queue.upsertJobScheduler('forgotten', { every: 100 });
        return true;
      } catch {
        queue = store.rawQueue('control');
        return false;
      }
    });
    await worker({ name: 'known', everyMs: HOUR_MS, run: () => Promise.resolve() });
    await waitFor('it is dropped', async () => !(await queue.getJobScheduler('forgotten')));
  });

  it('schedules again what the store lost', async () => {
    const { redisUrl, databaseUrl, namespace, onFault } = store.options();
    const own = redisUrl
      ? createRedisStore(redisUrl, namespace, onFault)
      : createPostgresStore(databaseUrl, namespace, onFault);
    let runs = 0;
    const task = { name: 'prune', everyMs: HOUR_MS, run: () => Promise.resolve(void runs++) };
    const listener = runControlTasks(own, [task], onFault, 50);
    await waitFor('the first run', () => runs === 1);
    await store.loseEverything();
    await waitFor('the run after the loss', () => runs === 2);
    await listener.close(1_000);
    await own.close();
  });
});
