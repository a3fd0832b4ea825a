import { waitFor } from '#testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { parseCursor, type Cursor, type StoredEvent } from '#persistence';
import { BotFeed } from '../live/bot-feed.js';
import { between, openFeedBed, Reader, type FeedBed } from './feed-bed.js';

let bed: FeedBed;
let bots = 0;
let botId: string;
let key: string;
const feeds: BotFeed[] = [];

beforeAll(async () => void (bed = await openFeedBed()));
afterAll(() => bed.close());
beforeEach(async () => {
  bots += 1;
  botId = `bot-${bots}`;
  key = await bed.addBot(botId);
});
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close();
  jest.restoreAllMocks();
});

async function follow(after?: number | Cursor): Promise<Reader> {
  const reader = new Reader();
  const feed = new BotFeed(bed.parts, bed.tenantId, reader);
  feeds.push(feed);
  await feed.open(botId);
  await feed.replay(after);
  return reader;
}
const sees = (reader: Reader, version: number) =>
  waitFor(() => reader.versions.at(-1) === version, { what: `version ${version}` });

describe('BotFeed', () => {
  it('without a place begins with what comes next, and tells where that is', async () => {
    await bed.write(key, 3);
    const reader = new Reader();
    const feed = new BotFeed(bed.parts, bed.tenantId, reader);
    feeds.push(feed);
    expect(await feed.open(botId)).toMatchObject({ version: 3, container: { botId, version: 3 } });
    await bed.write(key);
    await feed.replay(undefined);
    await bed.write(key);
    await sees(reader, 5);
    expect(reader.versions).toEqual([4, 5]);
  });

  it('misses nothing that was committed, and given out, while it opened', async () => {
    const { bots: store } = bed.parts;
    const find = store.find.bind(store);
    jest.spyOn(store, 'find').mockImplementationOnce(async (...args) => {
      const lane = await find(...args);
      await bed.write(key);
      await bed.caughtUp();
      return lane;
    });
    const reader = await follow();
    await bed.write(key);
    await sees(reader, 2);
    expect(reader.versions).toEqual([1, 2]);
  });

  it('replays what was missed, over several pages, and goes on live', async () => {
    await bed.write(key, 1203);
    const [fromStart, fromMiddle, upToDate] = [await follow(0), await follow(700), await follow(1203)];
    expect(fromStart.versions).toEqual(between(1, 1203));
    await bed.write(key, 2);
    await Promise.all([fromStart, fromMiddle, upToDate].map((reader) => sees(reader, 1205)));
    expect(fromStart.versions).toEqual(between(1, 1205));
    expect(fromMiddle.versions).toEqual(between(701, 1205));
    expect(upToDate.versions).toEqual([1204, 1205]);
    expect([fromStart, fromMiddle, upToDate].flatMap(({ resets }) => resets)).toEqual([]);
  });

  it('neither misses nor doubles anything for 40 readers that come while events are written', async () => {
    const last = 300;
    await bed.write(key, 20);
    const other = await bed.addBot(`${botId}-other`);
    const writing = Promise.all([bed.write(key, last - 20), bed.write(other, 100)]);
    const readers: { reader: Reader; after: number }[] = [];
    for (const n of between(1, 40)) {
      const after = n % 4 === 0 ? 0 : n % 20;
      readers.push({ after, reader: await follow(after) });
    }
    await writing;
    await Promise.all(readers.map(({ reader }) => sees(reader, last)));
    for (const { reader, after } of readers) {
      expect(reader.versions).toEqual(between(after + 1, last));
      expect(reader.resets).toEqual([]);
    }
  });

  it('shows committed history at once, and what is held back live as soon as it may, none twice', async () => {
    await bed.write(key, 2);
    await bed.caughtUp();
    const release = await bed.holdBack();
    await bed.write(key, 3);
    const reader = await follow(0);
    expect(reader.versions).toEqual([1, 2, 3, 4, 5]);
    const live = await follow();
    await release();
    await bed.write(key);
    await Promise.all([sees(reader, 6), sees(live, 6)]);
    expect(reader.versions).toEqual(between(1, 6));
    expect(live.versions).toEqual([6]);
  });

  it('resumes at the cursor of an event that it has seen', async () => {
    await bed.write(key, 5);
    const seen = await follow(0);
    const third = seen.events[2];
    const resumed = await follow(parseCursor(third?.cursor ?? ''));
    expect(resumed.versions).toEqual([4, 5]);
  });

  it('resets where history was pruned, and goes on from there without gap', async () => {
    await bed.write(key, 10);
    await bed.forget(key, 6);
    const [kept, lost] = [await follow(6), await follow(5)];
    expect(kept.versions).toEqual([7, 8, 9, 10]);
    expect(kept.resets).toEqual([]);
    expect(lost.resets).toEqual([{ botId, version: 10, afterEvents: 0 }]);
    await bed.write(key, 2);
    await sees(lost, 12);
    expect(lost.versions).toEqual([11, 12]);
  });

  it('resets where all history was pruned, but not a reader that had seen it all', async () => {
    await bed.write(key, 4);
    await bed.forget(key, 4);
    const [late, upToDate] = [await follow(3), await follow(4)];
    expect(late.resets).toEqual([{ botId, version: 4, afterEvents: 0 }]);
    expect(upToDate.resets).toEqual([]);
    await bed.write(key);
    await Promise.all([sees(late, 5), sees(upToDate, 5)]);
  });

  it.each([
    ['some', 3],
    ['all', 4],
  ])(
    'is not reset again where it resumes at the place of a reset, when %s of its history was pruned',
    async (_, last) => {
      await bed.write(key, 4);
      await bed.caughtUp();
      await bed.forget(key, last);
      const { places } = await follow(1);
      await bed.write(key, 2);
      const resumed = await follow(parseCursor(places[0] ?? ''));
      expect(resumed.resets).toEqual([]);
      expect(resumed.versions).toEqual([5, 6]);
    },
  );

  it('loses nothing between a reset and its place, though the tail is behind', async () => {
    await bed.write(key, 10);
    await bed.caughtUp();
    await bed.forget(key, 6);
    const release = await bed.holdBack();
    await bed.write(key, 2);
    const { places, resets } = await follow(5);
    expect(resets).toMatchObject([{ version: 12 }]);
    const resumed = await follow(parseCursor(places[0] ?? ''));
    expect(resumed.resets).toEqual([]);
    expect(resumed.versions).toEqual([11, 12]);
    await release();
  });

  it('is reset where it resumes at a place that was pruned, unless all of its own history is there', async () => {
    const old = await bed.addBot(`${botId}-old`);
    await bed.write(old, 3);
    const [first] = await bed.parts.events.ofBot(old, 0, 1);
    await bed.write(key, 3);
    await bed.forget(old, 2);
    const young = await follow(first?.cursor);
    expect(young.resets).toEqual([]);
    expect(young.versions).toEqual([1, 2, 3]);
    botId = `${botId}-old`;
    expect((await follow(first?.cursor)).resets).toEqual([{ botId, version: 3, afterEvents: 0 }]);
  });

  it('resets where history is pruned under a replay', async () => {
    await bed.write(key, 600);
    const { events } = bed.parts;
    const ofBot = events.ofBot.bind(events);
    jest.spyOn(events, 'ofBot').mockImplementationOnce(async (...args) => {
      const page = await ofBot(...args);
      await bed.forget(key, 550);
      return page;
    });
    const reader = await follow(0);
    expect(reader.versions).toEqual(between(1, 500));
    expect(reader.resets).toEqual([{ botId, version: 600, afterEvents: 500 }]);
    await bed.write(key);
    await sees(reader, 601);
  });

  it('resets a reader from the future: its version or its cursor are of another database', async () => {
    await bed.write(key, 3);
    const [last] = await bed.parts.events.ofBot(key, 2, 1);
    const elsewhere = { txid: last?.cursor.txid ?? 0n, id: 9_999_999n };
    const reset = [{ botId, version: 3, afterEvents: 0 }];
    for (const after of [4, 2_147_483_647, parseCursor('99999999999999999999-1'), elsewhere]) {
      const reader = await follow(after);
      expect([after, reader.resets]).toEqual([after, reset]);
      expect(reader.versions).toEqual([]);
    }
    const reader = await follow(17);
    await bed.write(key);
    await sees(reader, 4);
    expect(reader.versions).toEqual([4]);
  });

  it('is refused for a bot that the tenant does not have, and leaves nobody listening', async () => {
    const stranger = new Reader();
    const feed = new BotFeed(bed.parts, await bed.addTenant(`tenant${bots}`), stranger);
    await expect(feed.open(botId)).rejects.toMatchObject({ code: 'bot_not_found' });
    await bed.write(key);
    await bed.caughtUp();
    expect(stranger.events).toEqual([]);
  });

  it('leaves nobody listening where the bot cannot be read', async () => {
    await bed.write(key);
    const [event] = (await bed.parts.events.ofBot(key, 0, 1)) as [StoredEvent];
    jest.spyOn(bed.parts.bots, 'find').mockRejectedValueOnce(new Error('no database'));
    const reader = new Reader();
    await expect(new BotFeed(bed.parts, bed.tenantId, reader).open(botId)).rejects.toThrow('no database');
    for (const _ of between(1, 10_002)) bed.parts.hub.event(event);
    expect(reader.overflows).toBe(0);
  });

  it('passes progress on once it is live, and nothing after it was closed', async () => {
    const reader = await follow();
    const progress = { botId, operationId: key, phase: 'pulling', percent: 1, detail: null };
    bed.tail.hear({ type: 'progress', progress: { tenantId: bed.tenantId, ...progress } });
    bed.tail.hear({ type: 'progress', progress: { tenantId: bed.tenantId, ...progress, botId: 'other' } });
    expect(reader.progressed).toEqual([progress]);
    for (const feed of feeds) feed.close();
    bed.tail.hear({ type: 'progress', progress: { tenantId: bed.tenantId, ...progress } });
    await bed.write(key);
    await bed.caughtUp();
    expect(reader.progressed).toHaveLength(1);
    expect(reader.events).toEqual([]);
  });

  it('gives a reader up whose replay cannot keep up with what comes live', async () => {
    await bed.write(key);
    const { events, hub } = bed.parts;
    const ofBot = events.ofBot.bind(events);
    jest.spyOn(events, 'ofBot').mockImplementationOnce(async (...args) => {
      const page = await ofBot(...args);
      const [event] = page as [StoredEvent];
      for (const version of between(2, 10_002)) hub.event({ ...event, view: { ...event.view, version } });
      return page;
    });
    const reader = await follow(0);
    expect(reader.overflows).toBe(1);
    expect(reader.events).toEqual([]);
  });
});
