import { parseCursor, START } from '#persistence';
import { waitFor } from '#testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Subscriptions } from '../live/subscriptions.js';
import { between, openFeedBed, Reader, type FeedBed } from './feed-bed.js';

let bed: FeedBed;
let reader: Reader;
let socket: Subscriptions;
let a: string;
let b: string;

beforeEach(async () => {
  bed = await openFeedBed();
  [a, b] = [await bed.addBot('a'), await bed.addBot('b')];
  await Promise.all([bed.write(a, 2), bed.write(b, 2)]);
  await bed.caughtUp();
  reader = new Reader();
  socket = new Subscriptions(bed.parts, bed.tenantId, reader);
});
afterEach(async () => {
  socket.close();
  await bed.close();
});

const nothing = (): void => undefined;
const told = (botId: string): number[] => reader.events.flatMap((e) => (e.botId === botId ? [e.version] : []));
const sees = (label: string) => waitFor(() => reader.labels.includes(label), { what: `event ${label}` });

describe('a socket that is subscribed to all and to a bot', () => {
  it.each(['all first', 'the bot first'])('gets what comes live once: %s', async (order) => {
    if (order === 'all first') await socket.addAll(undefined, nothing);
    await socket.addBot('a', undefined, nothing);
    if (order === 'the bot first') await socket.addAll(undefined, nothing);
    await bed.write(a, 3);
    await bed.write(b, 1);
    await sees('b:3');
    expect(reader.labels).toEqual(['a:3', 'a:4', 'a:5', 'b:3']);
    const progress = { botId: 'a', operationId: a, phase: 'pulling', percent: 1, detail: null };
    for (const botId of ['a', 'b']) {
      bed.tail.hear({ type: 'progress', progress: { tenantId: bed.tenantId, ...progress, botId } });
    }
    expect(reader.progressed).toEqual([progress, { ...progress, botId: 'b' }]);
  });

  it.each([
    ['all', undefined],
    ['all', 0],
    ['the bot', undefined],
    ['the bot', 0],
  ] as const)('goes on with the other when %s ends, whether or not there was a replay (%s)', async (ends, after) => {
    await socket.addAll(undefined, nothing);
    await socket.addBot('a', after, nothing);
    await bed.write(a);
    await sees('a:3');
    if (ends === 'all') socket.removeAll();
    else socket.removeBot('a');
    await bed.write(b);
    await bed.write(a);
    await sees('a:4');
    expect(told('a')).toEqual(after === 0 ? [1, 2, 3, 4] : [3, 4]);
    expect(told('b')).toEqual(ends === 'all' ? [] : [3]);
  });

  it('replays a bot as it is asked to, over what comes live', async () => {
    await socket.addAll(undefined, nothing);
    const writing = bed.write(a, 200);
    await sees('a:20');
    let before = 0;
    await socket.addBot('a', 0, () => (before = told('a').length));
    await writing;
    await sees('a:202');
    expect(told('a').slice(before)).toEqual(between(1, 202));
    expect(told('a').slice(0, before)).toEqual(between(3, before + 2));
  });

  it('replays all as it is asked to, and the bot is heard again when that ends', async () => {
    await socket.addBot('a', undefined, nothing);
    const writing = Promise.all([bed.write(a, 100), bed.write(b, 100)]);
    await sees('a:20');
    let before = 0;
    await socket.addAll(START, () => (before = reader.events.length));
    await writing;
    await Promise.all([sees('a:102'), sees('b:102')]);
    expect(reader.labels.slice(before)).toEqual(await bed.all());
    socket.removeAll();
    await bed.write(b);
    await bed.write(a);
    await sees('a:103');
    expect(reader.labels.at(-1)).toBe('a:103');
    expect(told('b')).toEqual(between(1, 102));
    expect(told('a').slice(told('a').lastIndexOf(1))).toEqual(between(1, 103));
  });

  it('misses and doubles nothing while subscriptions come and go under writers', async () => {
    const last = 250;
    const writing = Promise.all([bed.write(a, last - 2), bed.write(b, last - 2)]);
    await socket.addAll(undefined, nothing);
    let acked = 0;
    for (let turn = 0; (told('a').at(-1) ?? 0) < last - 20; turn += 1) {
      const seen = told('a').at(-1);
      // Each way in and out in turn; one of the two is always there.
      await socket.addBot('a', turn % 2 === 0 ? seen : undefined, ({ version }) => (acked = version));
      if (turn % 3 === 0) socket.removeBot('a');
      if (turn % 3 === 1) {
        await waitFor(() => (told('a').at(-1) ?? 0) >= acked, { what: 'what was acknowledged', everyMs: 1 });
        socket.removeAll();
      }
      await socket.addAll(undefined, nothing);
      await waitFor(() => told('a').at(-1) !== seen, { what: 'another event', everyMs: 1 });
    }
    await writing;
    await sees(`a:${last}`);
    expect(told('a')).toEqual(between(told('a')[0] ?? 0, last));
  });

  it('is refused more than it may have, and what it may not have ends nothing', async () => {
    await socket.addAll(undefined, nothing);
    await expect(socket.addBot('nobody', 0, nothing)).rejects.toMatchObject({ code: 'bot_not_found' });
    await bed.write(a);
    await sees('a:3');
    const bots = await Promise.all(between(1, 499).map((n) => bed.addBot(`bot-${n}`)));
    for (const n of bots.keys()) await socket.addBot(`bot-${n + 1}`, undefined, nothing);
    await expect(socket.addBot('a', undefined, nothing)).rejects.toMatchObject({ code: 'quota_exceeded' });
    await socket.addBot('bot-1', undefined, nothing);
    socket.removeBot('bot-1');
    await socket.addBot('a', undefined, nothing);
    await bed.write(a);
    await sees('a:4');
    expect(reader.labels).toEqual(['a:3', 'a:4']);
  });
});

describe('while the tail is held back, and so behind what can be read', () => {
  let release: () => Promise<void>;
  beforeEach(async () => {
    release = await bed.holdBack();
  });
  const end = async (): Promise<void> => {
    await release();
    await bed.write(a);
    await sees('a:6');
  };

  it('a bot is followed from where all stands, though its reader names a later version', async () => {
    await socket.addAll(undefined, nothing);
    await bed.write(a, 3);
    await socket.addBot('a', 5, nothing);
    expect(told('a')).toEqual([3, 4, 5]);
    await end();
    expect(told('a')).toEqual([3, 4, 5, 6]);
  });

  it.each(['all first', 'the bot first'])('all tells what a bot without a replay begins behind: %s', async (order) => {
    if (order === 'all first') await socket.addAll(undefined, nothing);
    await bed.write(a, 3);
    await socket.addBot('a', undefined, ({ version }) => expect(version).toBe(5));
    if (order === 'the bot first') await socket.addAll(undefined, nothing);
    await end();
    expect(told('a')).toEqual([3, 4, 5, 6]);
  });

  it('all does not repeat what a bot’s replay has told before it ended', async () => {
    await socket.addAll(undefined, nothing);
    await bed.write(a, 3);
    await socket.addBot('a', 0, nothing);
    socket.removeBot('a');
    await end();
    expect(told('a')).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('a version from the future is reset, and then followed', async () => {
    await socket.addAll(undefined, nothing);
    await bed.write(a, 3);
    await socket.addBot('a', 77, nothing);
    expect(reader.resets).toEqual([{ botId: 'a', version: 5, afterEvents: 0 }]);
    await end();
    expect(told('a')).toEqual([6]);
  });
});

it('a place from the future resets every bot once, and then all is told once', async () => {
  await socket.addBot('a', undefined, nothing);
  await socket.addAll(parseCursor('99999999999999999999-1'), nothing);
  expect(reader.resets.map(({ botId }) => botId)).toEqual(['a', 'b']);
  await bed.write(a);
  await bed.write(b);
  await sees('b:3');
  expect(reader.labels).toEqual(['a:3', 'b:3']);
});
