import { describe, expect, it } from '@jest/globals';
import { Transfers, type Work } from '../src/bot/files/transfers.js';

interface Begun extends Work {
  end: () => void;
  fail: (error: unknown) => void;
}
function held(): { begun: Begun[]; run: (work: Work) => Promise<void> } {
  const begun: Begun[] = [];
  const run = (work: Work): Promise<void> =>
    new Promise((end, fail) => {
      begun.push({ ...work, end, fail });
      work.signal.addEventListener('abort', () => fail(new Error('given up')));
    });
  return { begun, run };
}
const some = { kind: 'upload', name: 'a', directory: '/data', total: 10 } as const;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('transfers', () => {
  it('runs a few at a time, the next when one has ended', async () => {
    const transfers = new Transfers();
    const { begun, run } = held();
    for (let n = 0; n < 5; n += 1) transfers.add(some, run);
    expect(transfers.all.map(({ state }) => state)).toEqual(['moving', 'moving', 'moving', 'waiting', 'waiting']);
    begun[0]?.onProgress(4, 10);
    expect(transfers.all[0]).toMatchObject({ moved: 4, total: 10 });
    begun[0]?.end();
    await settled();
    expect(transfers.all.map(({ state }) => state)).toEqual(['done', 'moving', 'moving', 'moving', 'waiting']);
  });

  it('cancels those that wait and those that run, and tries them again', async () => {
    const transfers = new Transfers();
    const { begun, run } = held();
    for (let n = 0; n < 4; n += 1) transfers.add(some, run);
    transfers.cancel(4);
    transfers.cancel(1);
    await settled();
    expect(transfers.all.map(({ state }) => state)).toEqual(['cancelled', 'moving', 'moving', 'cancelled']);
    expect(begun).toHaveLength(3);
    transfers.retry(4);
    expect(begun).toHaveLength(4);
  });

  it('tells why one failed, goes on with the others, and forgets what has ended', async () => {
    const transfers = new Transfers();
    const { begun, run } = held();
    transfers.add(some, run);
    transfers.add(some, run);
    begun[0]?.fail(new TypeError('network error'));
    await settled();
    expect(transfers.all[0]).toMatchObject({ state: 'failed', error: { code: 'connection_failed' } });
    transfers.clear();
    expect(transfers.all.map(({ id }) => id)).toEqual([2]);
    expect(transfers.underWay).toBe(true);
  });
});
