import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BusMessage, Messaging } from '../index.js';
import { BACKENDS, startStore, type Fault, type TestStore } from './harness.js';
import { waitFor } from './wait-for.js';

const progress = (operationId: string, percent: number): BusMessage => ({
  type: 'progress',
  progress: { tenantId: 't', botId: 'b', operationId, phase: 'pull', percent, detail: null },
});

describe.each(BACKENDS)('bus on %s', (backend) => {
  let store: TestStore;
  let here: Messaging;
  let there: Messaging;
  let faults: Fault[];
  let count = 0;

  /** Listens, and returns once what is published arrives. */
  async function ear(messaging: Messaging) {
    const heard: BusMessage[] = [];
    const stop = messaging.bus.subscribe((message) => heard.push(message));
    const operationId = `probe-${++count}`;
    const isProbe = (message: BusMessage) =>
      message.type === 'progress' && message.progress.operationId === operationId;
    await waitFor('the listener hears', () => {
      here.bus.publish(progress(operationId, 0));
      return heard.some(isProbe);
    });
    return { heard, stop, told: () => heard.flatMap((m) => (m.type === 'progress' ? [m.progress.operationId] : [])) };
  }

  beforeAll(async () => {
    store = await startStore(backend);
    ({ messaging: here, faults } = await store.open());
    ({ messaging: there } = await store.open());
  });
  afterAll(() => store.stop());

  it('brings each message to every listener of every process, its own included', async () => {
    const ears = [await ear(here), await ear(there), await ear(there)];
    here.bus.publish(progress('op-1', 50));
    there.bus.publish(progress('op-2', 0));
    there.bus.publish({ type: 'events' });
    for (const { heard } of ears) {
      await waitFor('all three', () => heard.some(({ type }) => type === 'events'));
      const told = (operation: string): boolean =>
        heard.some((message) => message.type === 'progress' && message.progress.operationId === operation);
      await waitFor('the progress', () => told('op-1') && told('op-2'));
      expect(heard).toContainEqual(progress('op-1', 50));
      expect(heard).toContainEqual(progress('op-2', 0));
    }
    for (const { stop } of ears) stop();
  });

  it('conflates what says the same: the last progress of each operation arrives, most others do not', async () => {
    const { heard, stop } = await ear(there);
    for (let percent = 1; percent <= 100; percent++) {
      for (const operation of ['a', 'b']) here.bus.publish(progress(operation, percent));
      here.bus.publish({ type: 'events' });
    }
    const last = (operation: string) =>
      heard.findLast((m) => m.type === 'progress' && m.progress.operationId === operation);
    await waitFor('both ends', () =>
      [last('a'), last('b')].every((m) => m?.type === 'progress' && m.progress.percent === 100),
    );
    expect(heard.filter((m) => m.type === 'events' || m.progress.operationId.length === 1).length).toBeLessThan(10);
    stop();
  });

  it('loses nothing of a steady stream', async () => {
    const { told, stop } = await ear(there);
    for (let n = 0; n < 300; n++) {
      here.bus.publish(progress(`stream-${n}`, 0));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await waitFor('the last', () => told().includes('stream-299'), 5_000);
    expect(new Set(told().filter((id) => id.startsWith('stream-'))).size).toBe(300);
    stop();
  });

  it('delivers promptly however publishing and reading interleave', async () => {
    const { told, stop } = await ear(there);
    for (let n = 0; n < 200; n++) {
      here.bus.publish(progress(`prompt-${n}`, 0));
      await waitFor(`message ${n}`, () => told().includes(`prompt-${n}`), 1_000);
    }
    stop();
  });

  it('goes on past a listener that throws, and tells a stopped one nothing more', async () => {
    const known = faults.length;
    const stopThrowing = here.bus.subscribe(() => {
      throw new Error('listener broke');
    });
    const [gone, stays] = [await ear(here), await ear(here)];
    gone.stop();
    const heardByGone = gone.heard.length;
    here.bus.publish(progress('after', 0));
    await waitFor('the other listener', () => stays.told().includes('after'));
    expect(gone.heard).toHaveLength(heardByGone);
    expect(faults.slice(known)).toContainEqual({
      what: 'handler',
      error: expect.objectContaining({ message: 'listener broke' }),
    });
    stopThrowing();
    stays.stop();
  });
});
