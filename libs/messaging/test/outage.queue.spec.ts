import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createMessaging, type BusMessage, type Messaging } from '../index.js';
import { BACKENDS, startStoreWithOutages, type Fault, type TestStore } from './harness.js';
import type { OutageProxy } from './outage-proxy.js';
import { RedisServer } from './redis-server.js';
import { gate, waitFor } from './wait-for.js';

const NODE = 'n1';

const probe = (operationId: string): BusMessage => ({
  type: 'progress',
  progress: { tenantId: 't', botId: 'b', operationId, phase: 'pull', percent: 0, detail: null },
});

/** Rings until it is heard: what a sweeper does. */
async function ringUntilHeard(messaging: Messaging, heard: string[], operationId: string): Promise<void> {
  let dispatch = 0;
  await waitFor(`bell ${operationId} is heard`, async () => {
    messaging.doorbell.ring(NODE, { operationId, dispatch: ++dispatch });
    await messaging.doorbell.flush();
    return heard.includes(operationId);
  });
}

async function publishUntilHeard(messaging: Messaging, heard: BusMessage[], operationId: string): Promise<void> {
  await waitFor(`message ${operationId} is heard`, () => {
    messaging.bus.publish(probe(operationId));
    return heard.some((message) => message.type === 'progress' && message.progress.operationId === operationId);
  });
}

async function timed(work: Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work;
  return performance.now() - before;
}

describe.each(BACKENDS)('outages of %s', (backend) => {
  let store: TestStore;
  let proxy: OutageProxy;

  beforeEach(async () => {
    ({ store, proxy } = await startStoreWithOutages(backend));
  });
  afterEach(() => store.stop());

  async function open() {
    const { messaging, faults } = await store.open();
    const bells: string[] = [];
    const messages: BusMessage[] = [];
    await messaging.listen(NODE, { concurrency: 4 }, ({ operationId }) =>
      Promise.resolve(void bells.push(operationId)),
    );
    messaging.bus.subscribe((message) => messages.push(message));
    return { messaging, faults, bells, messages };
  }

  it('starts without the store, and works when it comes', async () => {
    await proxy.cut();
    const { messaging, faults, bells, messages } = await open();
    let runs = 0;
    await messaging.runControl([{ name: 'duty', everyMs: 100, run: () => Promise.resolve(void runs++) }]);
    expect(await messaging.healthy()).toBe(false);
    messaging.doorbell.ring(NODE, { operationId: 'lost', dispatch: 1 });
    await messaging.doorbell.flush();
    expect(faults).toContainEqual(expect.objectContaining({ what: 'ring' }));
    await proxy.restore();
    await waitFor('it is healthy', () => messaging.healthy());
    await ringUntilHeard(messaging, bells, 'found');
    await publishUntilHeard(messaging, messages, 'found');
    await waitFor('a control run', () => runs > 0);
  });

  it('works again after the store was away', async () => {
    const { messaging, bells, messages } = await open();
    for (const round of ['one', 'two']) {
      await ringUntilHeard(messaging, bells, `before-${round}`);
      await publishUntilHeard(messaging, messages, `before-${round}`);
      await proxy.cut();
      messaging.doorbell.ring(NODE, { operationId: 'lost', dispatch: 1 });
      messaging.bus.publish({ type: 'events' });
      expect(await messaging.healthy()).toBe(false);
      await messaging.doorbell.flush();
      await proxy.restore();
      await ringUntilHeard(messaging, bells, `after-${round}`);
      await publishUntilHeard(messaging, messages, `after-${round}`);
    }
    expect(await messaging.healthy()).toBe(true);
  });

  it('lets a handler end that was running when the store went away', async () => {
    const { messaging } = await store.open();
    const held = gate();
    const heard: string[] = [];
    let ended = false;
    await messaging.listen(NODE, { concurrency: 1 }, async ({ operationId }) => {
      heard.push(operationId);
      if (operationId === 'running') await held.opened;
      ended = true;
    });
    await ringUntilHeard(messaging, heard, 'running');
    await proxy.cut();
    held.open();
    await waitFor('the handler ends', () => ended);
    await proxy.restore();
    await ringUntilHeard(messaging, heard, 'next');
  });

  it('keeps ringing cheap, and memory bounded, while the store is away', async () => {
    const { messaging, messages } = await open();
    await publishUntilHeard(messaging, messages, 'before');
    await proxy.cut();
    const before = performance.now();
    for (let n = 0; n < 20_000; n++) {
      messaging.doorbell.ring(NODE, { operationId: `op-${n}`, dispatch: 1 });
      messaging.bus.publish(probe(`op-${n}`));
    }
    expect(performance.now() - before).toBeLessThan(1_000);
    await proxy.restore();
    await publishUntilHeard(messaging, messages, 'after');
    expect(messages.length).toBeLessThan(5_000);
  });

  it('closes fast: store never reached, store gone, store frozen', async () => {
    await proxy.cut();
    const never = await open();
    await never.messaging.runControl([{ name: 'duty', everyMs: 1_000, run: () => Promise.resolve() }]);
    expect(await timed(never.messaging.close())).toBeLessThan(2_500);

    await proxy.restore();
    const gone = await open();
    await ringUntilHeard(gone.messaging, gone.bells, 'gone');
    await proxy.cut();
    expect(await timed(gone.messaging.close())).toBeLessThan(2_500);

    await proxy.restore();
    const frozen = await open();
    await ringUntilHeard(frozen.messaging, frozen.bells, 'frozen');
    proxy.freeze();
    expect(await timed(frozen.messaging.healthy())).toBeLessThan(1_200);
    expect(await frozen.messaging.healthy()).toBe(false);
    frozen.messaging.doorbell.ring(NODE, { operationId: 'lost', dispatch: 1 });
    expect(await timed(frozen.messaging.doorbell.flush())).toBeLessThan(5_000);
    expect(await timed(frozen.messaging.close())).toBeLessThan(3_500);
  });
});

describe('a Redis that is killed', () => {
  it('may forget everything: workers, producers, bus and schedules go on', async () => {
    const server = await RedisServer.start();
    const faults: Fault[] = [];
    const messaging = await createMessaging({
      redisUrl: server.url,
      databaseUrl: 'postgres://unused',
      namespace: 'killed',
      onFault: (what, error) => faults.push({ what, error }),
    });
    const bells: string[] = [];
    const messages: BusMessage[] = [];
    try {
      await messaging.listen(NODE, { concurrency: 4 }, ({ operationId }) =>
        Promise.resolve(void bells.push(operationId)),
      );
      messaging.bus.subscribe((message) => messages.push(message));
      await ringUntilHeard(messaging, bells, 'before');
      await publishUntilHeard(messaging, messages, 'before');
      await server.kill();
      messaging.doorbell.ring(NODE, { operationId: 'lost', dispatch: 1 });
      await messaging.doorbell.flush();
      expect(faults).toContainEqual(expect.objectContaining({ what: 'ring' }));
      await server.launch();
      await ringUntilHeard(messaging, bells, 'after');
      await publishUntilHeard(messaging, messages, 'after');
    } finally {
      await messaging.close();
      await server.stop();
    }
  });
});
