import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DeadlineExceeded } from '../deadline.js';
import { connectEngine, type EngineConnection } from '../engine-connection.js';
import type { ByteProgress } from '../image-port.js';
import { feed, through } from '../stages.js';
import { tarOf } from '../tar.js';
import { transfer, type Meter } from '../transfer.js';
import { failureOf } from './contract-helpers.js';

const never = new AbortController().signal;
let engine: EngineConnection;
let hungCalls: string[];

beforeEach(() => {
  hungCalls = [];
  engine = connectEngine({ onHungCall: (call) => hungCalls.push(call) });
});
afterEach(() => engine.close());

const TAR = tarOf({ a: 'x'.repeat(100_000) });

/** The tar in so many pieces, each after a while. */
async function* slowly(pieces: number, everyMs: number): AsyncGenerator<Buffer> {
  const size = Math.ceil(TAR.length / pieces);
  for (let at = 0; at < TAR.length; at += size) {
    await delay(everyMs);
    yield TAR.subarray(at, at + size);
  }
}
/** What a meter lets through of it. */
const passed = (meter: Meter, source: AsyncIterable<Buffer>, bufferBytes?: number): Readable => {
  const stream = through([meter.pass()], bufferBytes);
  feed(Readable.from(source), stream);
  return stream;
};
async function* stuck(): AsyncGenerator<Buffer> {
  yield TAR.subarray(0, 1000);
  await new Promise(() => undefined);
}
async function drain(source: AsyncIterable<Buffer>): Promise<number> {
  let bytes = 0;
  for await (const chunk of source) bytes += chunk.length;
  return bytes;
}

describe('a transfer', () => {
  const parts = { call: 'archive', signal: never, totalBytes: null };

  test('goes on for as long as bytes move, however long that is', async () => {
    const bytes = await transfer(engine, { ...parts, idleMs: 500 }, (meter) => drain(passed(meter, slowly(25, 40))));
    expect(bytes).toBe(TAR.length);
    expect(hungCalls).toEqual([]);
  });

  test('that stands still ends, whether nothing comes or nothing is taken', async () => {
    const takers: ((meter: Meter) => Promise<unknown>)[] = [
      (meter) => drain(passed(meter, stuck())),
      (meter) => {
        passed(meter, slowly(20, 0), 1);
        return new Promise(() => undefined);
      },
    ];
    for (const take of takers) {
      await expect(transfer(engine, { ...parts, idleMs: 200 }, take)).rejects.toBeInstanceOf(DeadlineExceeded);
    }
    expect(hungCalls).toEqual(['archive', 'archive']);
  });

  test('that was sent waits longer for the answer', async () => {
    const answer = transfer(engine, { ...parts, idleMs: 100 }, async (meter) => {
      await drain(passed(meter, slowly(1, 0)));
      await delay(500);
      return 'made';
    });
    expect(await answer).toBe('made');
  });

  test('ends its connections, however it ends', async () => {
    const signals: AbortSignal[] = [];
    const controller = new AbortController();
    const keep = (signal: AbortSignal) => void signals.push(signal);
    await transfer(engine, parts, (_meter, signal) => Promise.resolve(keep(signal)));
    const aborted = transfer(engine, { ...parts, signal: controller.signal }, (meter, signal) => {
      keep(signal);
      return drain(passed(meter, stuck()));
    });
    controller.abort();
    expect(await failureOf(aborted)).toMatchObject({ code: 'aborted' });
    expect(signals.map(({ aborted: ended }) => ended)).toEqual([true, true]);
  });
});

describe('its progress', () => {
  const seen: ByteProgress[] = [];
  const onProgress = (progress: ByteProgress) => seen.push(progress);
  const run = (totalBytes: number | null, pieces: number) =>
    transfer(engine, { call: 'x', signal: never, onProgress, totalBytes }, (meter) =>
      drain(passed(meter, slowly(pieces, 0))),
    );
  beforeEach(() => void seen.splice(0));

  test('is told now and then, and at the end', async () => {
    await run(null, 500);
    expect(seen.length).toBeLessThan(100);
    expect(seen.at(-1)).toEqual({ bytes: TAR.length, totalBytes: null });
  });

  test('never passes its total, which at the end is the truth', async () => {
    for (const guess of [TAR.length - 50_000, TAR.length + 50_000]) {
      await run(guess, 3);
      for (const { bytes, totalBytes } of seen) expect(bytes).toBeLessThanOrEqual(totalBytes ?? 0);
      expect(seen.at(-1)).toEqual({ bytes: TAR.length, totalBytes: TAR.length });
    }
  });

  test('of a failure has no end', async () => {
    const failed = transfer(engine, { call: 'x', signal: never, onProgress, totalBytes: null }, (meter) =>
      drain(passed(meter, slowly(1, 0))).then(() => Promise.reject(new Error('late'))),
    );
    await expect(failed).rejects.toThrow('late');
    expect(seen.filter(({ bytes }) => bytes === TAR.length)).toHaveLength(1);
  });
});
