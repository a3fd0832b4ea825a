import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Bell, Messaging } from '../index.js';
import { BACKENDS, startStore, type Fault, type TestStore } from './harness.js';
import { gate, waitFor } from './wait-for.js';

describe.each(BACKENDS)('doorbell on %s', (backend) => {
  let store: TestStore;
  let messaging: Messaging;
  let faults: Fault[];
  let count = 0;
  const newNode = () => `n${++count}`;
  const bell = (operationId: string, dispatch = 1): Bell => ({ operationId, dispatch });

  /** Listens on a node of its own. */
  async function ear(handler: (bell: Bell) => Promise<void> | void = () => {}, concurrency = 16) {
    const node = newNode();
    const heard: Bell[] = [];
    const listener = await messaging.listen(node, { concurrency }, async (rung) => {
      heard.push(rung);
      await handler(rung);
    });
    return {
      node,
      heard,
      listener,
      ring: (...args: Parameters<typeof bell>) => messaging.doorbell.ring(node, bell(...args)),
    };
  }

  async function jobsLeft(node: string): Promise<number> {
    const queue = store.rawQueue(`node-${node}`);
    const counts = await queue.getJobCounts();
    return Object.values(counts).reduce((sum, each) => sum + each, 0);
  }

  beforeAll(async () => {
    store = await startStore(backend);
    ({ messaging, faults } = await store.open());
  });
  afterAll(() => store.stop());

  it('brings a bell to the handler of its node, and to no other', async () => {
    const [one, two] = [await ear(), await ear()];
    one.ring('op-1', 7);
    two.ring('op-2');
    await waitFor('both bells', () => one.heard.length === 1 && two.heard.length === 1);
    expect(one.heard).toEqual([{ operationId: 'op-1', dispatch: 7 }]);
    expect(two.heard).toEqual([{ operationId: 'op-2', dispatch: 1 }]);
    await waitFor('the queue is empty', async () => (await jobsLeft(one.node)) === 0);
  });

  it('is heard across processes, and by a listener that comes later', async () => {
    const node = newNode();
    const other = await store.open();
    other.messaging.doorbell.ring(node, bell('early'));
    await other.messaging.doorbell.flush();
    const heard: string[] = [];
    await messaging.listen(node, { concurrency: 1 }, ({ operationId }) =>
      Promise.resolve(void heard.push(operationId)),
    );
    await waitFor('the early bell', () => heard.includes('early'));
  });

  it('hands over a thousand bells in batches, each heard once', async () => {
    const { heard, ring } = await ear();
    const before = performance.now();
    for (let n = 0; n < 1000; n++) ring(`op-${n}`);
    expect(performance.now() - before).toBeLessThan(100);
    await messaging.doorbell.flush();
    await waitFor('a thousand bells', () => heard.length >= 1000, 20_000);
    expect(new Set(heard.map(({ operationId }) => operationId)).size).toBe(1000);
    expect(heard).toHaveLength(1000);
  });

  it('rings once for the same bell twice, and again for the next dispatch', async () => {
    const held = gate();
    const { heard, ring, node } = await ear(() => held.opened);
    ring('op', 1);
    ring('op', 1);
    await waitFor('the bell', () => heard.length === 1);
    ring('op', 1);
    ring('op', 2);
    await waitFor('the next dispatch', () => heard.length === 2);
    held.open();
    await waitFor('the queue is empty', async () => (await jobsLeft(node)) === 0);
    expect(heard.map(({ dispatch }) => dispatch)).toEqual([1, 2]);
  });

  it.each([
    [{}],
    ['text'],
    [null],
    [{ operationId: 7, dispatch: 1 }],
    [{ operationId: 'a', dispatch: 'x' }],
    [{ operationId: 'a:b', dispatch: 1 }],
  ])('finishes a malformed job, reports it and goes on: %j', async (data) => {
    const { heard, ring, node } = await ear();
    const known = faults.length;
    const queue = store.rawQueue(`node-${node}`);
    await queue.add('bell', data);
    await waitFor('the fault', () => faults.length > known);
    expect(faults.at(-1)).toMatchObject({ what: 'handler', error: { message: expect.stringContaining('is no bell') } });
    ring('op');
    await waitFor('the next bell', () => heard.length === 1);
    await waitFor('the queue is empty', async () => (await jobsLeft(node)) === 0);
  });

  it('reports what a handler throws, does not retry it, and goes on', async () => {
    const known = faults.length;
    const { heard, ring, node } = await ear(({ operationId }) => {
      if (operationId === 'bad') throw new Error('handler broke');
    });
    ring('bad');
    ring('good');
    await waitFor('both bells', () => heard.length === 2);
    await waitFor('the queue is empty', async () => (await jobsLeft(node)) === 0);
    expect(heard).toHaveLength(2);
    expect(faults.slice(known)).toMatchObject([{ what: 'handler', error: { message: 'handler broke' } }]);
  });

  it('runs at most as many handlers at once as asked', async () => {
    let [now, most] = [0, 0];
    const { heard, ring } = await ear(async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
    }, 3);
    for (let n = 0; n < 60; n++) ring(`op-${n}`);
    await waitFor('all bells', () => heard.length === 60 && now === 0);
    expect(most).toBe(3);
  });

  it('reports a bell that the store refuses, without throwing', async () => {
    const known = faults.length;
    messaging.doorbell.ring(newNode(), bell('a:b'));
    await messaging.doorbell.flush();
    expect(faults.slice(known)).toMatchObject([{ what: 'ring' }]);
  });

  it('closes only when its handlers have ended, and leaves later bells to the next listener', async () => {
    const held = gate();
    const { heard, ring, listener, node } = await ear(() => held.opened);
    ring('first');
    await waitFor('the bell', () => heard.length === 1);
    let closed = false;
    const closing = listener.close(10_000).then(() => (closed = true));
    ring('second');
    await messaging.doorbell.flush();
    expect(closed).toBe(false);
    held.open();
    await closing;
    expect(heard).toHaveLength(1);
    const later: string[] = [];
    await messaging.listen(node, { concurrency: 1 }, ({ operationId }) =>
      Promise.resolve(void later.push(operationId)),
    );
    await waitFor('the second bell', () => later.length === 1);
    expect(later).toEqual(['second']);
  });

  it('lets go of a handler that hangs when the grace is over', async () => {
    const held = gate();
    const { heard, ring, listener } = await ear(() => held.opened);
    ring('hangs');
    await waitFor('the bell', () => heard.length === 1);
    const before = performance.now();
    await listener.close(100);
    expect(performance.now() - before).toBeLessThan(2_500);
    held.open();
  });

  it('closes fast with nothing to do, and is unhealthy then', async () => {
    const { messaging: other } = await store.open();
    await other.listen(newNode(), { concurrency: 4 }, () => Promise.resolve());
    expect(await other.healthy()).toBe(true);
    const before = performance.now();
    await other.close();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(await other.healthy()).toBe(false);
  });

  it('rings again after the store lost its jobs', async () => {
    const { heard, ring } = await ear();
    ring('before');
    await waitFor('the first bell', () => heard.length === 1);
    await store.loseEverything();
    ring('after');
    await waitFor('the bell after the loss', () => heard.length === 2);
  });
});
