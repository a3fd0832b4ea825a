import { waitFor } from '#testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { formatCursor, parseCursor, type Cursor } from '#persistence';
import { TenantFeed } from '../live/tenant-feed.js';
import { between, openFeedBed, Reader, type FeedBed } from './feed-bed.js';

let bed: FeedBed;
const feeds: TenantFeed[] = [];

beforeEach(async () => void (bed = await openFeedBed()));
afterEach(async () => {
  for (const feed of feeds.splice(0)) feed.close();
  jest.restoreAllMocks();
  await bed.close();
});

async function follow(after?: Cursor | string, tenantId = bed.tenantId): Promise<Reader & { opened: string }> {
  const reader = new Reader();
  const feed = new TenantFeed(bed.parts, tenantId, reader);
  feeds.push(feed);
  const place = typeof after === 'string' ? parseCursor(after) : after;
  const { cursor } = feed.open(place);
  await feed.replay(place);
  return Object.assign(reader, { opened: cursor });
}
const sees = (reader: Reader, label: string) =>
  waitFor(() => reader.labels.includes(label), { what: `event ${label}` });

describe('TenantFeed', () => {
  it('begins where it says, with what comes next, and can be resumed from there', async () => {
    const key = await bed.addBot('a');
    await bed.write(key, 3);
    await bed.caughtUp();
    const first = await follow();
    await bed.write(key, 2);
    await sees(first, 'a:5');
    expect(first.labels).toEqual(['a:4', 'a:5']);
    expect((await follow(first.opened)).labels).toEqual(['a:4', 'a:5']);
    expect((await follow(first.events[0]?.cursor)).labels).toEqual(['a:5']);
    expect((await follow('0-0')).labels).toEqual(between(1, 5).map((version) => `a:${version}`));
  });

  it('neither misses nor doubles anything for readers that come, and come back, while six bots are written', async () => {
    const keys = await Promise.all(between(1, 6).map((n) => bed.addBot(`bot-${n}`)));
    const writing = Promise.all(keys.map((key) => bed.write(key, 150)));
    const readers: Reader[] = [];
    for (let n = 0; n < 12; n += 1) {
      const reader = await follow('0-0');
      await waitFor(() => reader.events.length > 5, { what: 'some events' });
      // It leaves, and comes back with the last cursor that it saw.
      feeds.pop()?.close();
      const rest = await follow(reader.events.at(-1)?.cursor);
      readers.push(Object.assign(new Reader(), { events: reader.events }), rest);
    }
    await writing;
    await bed.caughtUp();
    const all = await bed.all();
    expect(all).toHaveLength(900);
    for (let n = 0; n < readers.length; n += 2) {
      const [before, after] = [readers[n], readers[n + 1]];
      await waitFor(() => (before?.events.length ?? 0) + (after?.events.length ?? 0) >= 900, { what: 'all events' });
      expect([...(before?.labels ?? []), ...(after?.labels ?? [])]).toEqual(all);
    }
  });

  it('gives nothing out while an older transaction is open, and then all of it in order', async () => {
    const [a, b] = [await bed.addBot('a'), await bed.addBot('b')];
    await bed.write(a);
    await bed.caughtUp();
    const live = await follow();
    const release = await bed.holdBack();
    await bed.write(b, 2);
    await bed.write(a, 2);
    const replaying = await follow('0-0');
    expect(replaying.labels).toEqual(['a:1']);
    expect(live.labels).toEqual([]);
    await release();
    await Promise.all([sees(live, 'a:3'), sees(replaying, 'a:3')]);
    expect(live.labels).toEqual(['b:1', 'b:2', 'a:2', 'a:3']);
    expect(replaying.labels).toEqual(['a:1', 'b:1', 'b:2', 'a:2', 'a:3']);
  });

  it('asks the database less and less often for what stays held back', async () => {
    const key = await bed.addBot('a');
    await bed.write(key);
    await bed.caughtUp();
    const release = await bed.holdBack();
    await bed.write(key);
    const reads = jest.spyOn(bed.parts.events, 'tail');
    const began = performance.now();
    await waitFor(() => reads.mock.calls.length >= 14, { what: 'fourteen looks' });
    expect(performance.now() - began).toBeGreaterThan(1_000);
    await release();
    await bed.caughtUp();
  });

  it('tells a tenant nothing of another', async () => {
    const other = await bed.addTenant('other');
    const [mine, theirs] = [await bed.addBot('same'), await bed.addBot('same', other)];
    await bed.write(theirs, 3);
    const [live, replaying] = [await follow(), await follow('0-0')];
    await bed.write(theirs, 2);
    await bed.write(mine);
    await Promise.all([sees(live, 'same:1'), sees(replaying, 'same:1')]);
    expect(live.labels).toEqual(['same:1']);
    expect(replaying.labels).toEqual(['same:1']);
    expect((await follow('0-0', other)).labels).toEqual(between(1, 5).map((version) => `same:${version}`));
  });

  it('resets every bot where history was pruned, and goes on with what the resets did not tell', async () => {
    const [a, b] = [await bed.addBot('a'), await bed.addBot('b')];
    await bed.write(a, 3);
    await bed.write(b, 2);
    await bed.forget(a, 2);
    await bed.caughtUp();
    const reader = await follow('0-0');
    expect(reader.resets.map(({ botId, version }) => `${botId}:${version}`)).toEqual(['a:3', 'b:2']);
    await bed.write(b);
    await sees(reader, 'b:3');
    expect(reader.labels).toEqual(['b:3']);
    const [third] = await bed.parts.events.ofBot(a, 2, 1);
    expect((await follow(third?.cursor)).resets).toEqual([]);
    // Only the last one can be resumed at: whoever is cut off before it has not got all of them.
    expect(reader.places).toEqual([null, expect.any(String)]);
    const resumed = await follow(reader.places[1] ?? '');
    expect(resumed.resets).toEqual([]);
    expect(resumed.labels).toEqual(['b:3']);
  });

  it('tells each event or its bot’s reset while writers run and history is pruned under them', async () => {
    const keys = await Promise.all(between(1, 4).map((n) => bed.addBot(`bot-${n}`)));
    await Promise.all(keys.map((key) => bed.write(key, 40)));
    for (const key of keys) await bed.forget(key, 20);
    const writing = Promise.all(keys.map((key) => bed.write(key, 100)));
    const readers = [];
    for (let n = 0; n < 10; n += 1) readers.push(await follow('0-0'));
    await writing;
    await bed.caughtUp();
    for (const reader of readers) {
      await waitFor(() => between(1, 4).every((n) => reader.labels.includes(`bot-${n}:140`)), { what: 'the end' });
      for (const { botId, version } of reader.resets) {
        const after = reader.events.filter((event) => event.botId === botId).map((event) => event.version);
        expect(after).toEqual(between(version + 1, 140));
      }
      expect(reader.resets).toHaveLength(4);
    }
  });

  it('resets where history is pruned between the question and the reading', async () => {
    const key = await bed.addBot('a');
    await bed.write(key, 5);
    await bed.caughtUp();
    const [first] = await bed.parts.events.ofBot(key, 0, 1);
    const { events } = bed.parts;
    const ofTenant = events.ofTenant.bind(events);
    jest.spyOn(events, 'ofTenant').mockImplementationOnce(async (...args) => {
      await bed.forget(key, 3);
      return ofTenant(...args);
    });
    const reader = await follow(first?.cursor);
    expect(reader.resets).toEqual([{ botId: 'a', version: 5, afterEvents: 0 }]);
    expect(reader.labels).toEqual([]);
  });

  it('resets a reader from the future, and tells it all that comes then', async () => {
    const key = await bed.addBot('a');
    await bed.write(key, 2);
    await bed.caughtUp();
    const [last] = await bed.parts.events.ofBot(key, 1, 1);
    if (!last) throw new Error('an event was expected');
    const { txid, id } = last.cursor;
    const readers = [];
    for (const place of [
      { txid: txid + 1_000_000n, id: 1n },
      { txid: txid - 1n, id: id + 7n },
    ]) {
      readers.push(await follow(place));
    }
    readers.push(await follow('99999999999999999999-99999999999999999999'));
    for (const reader of readers) expect(reader.resets).toEqual([{ botId: 'a', version: 2, afterEvents: 0 }]);
    await bed.write(key);
    for (const reader of readers) {
      await sees(reader, 'a:3');
      expect(reader.labels).toEqual(['a:3']);
    }
  });

  it('of an installation that has forgotten everything begins where that ended', async () => {
    const key = await bed.addBot('a');
    await bed.write(key, 3);
    await bed.caughtUp();
    await bed.forget(key, 3);
    // What a process that starts now tells to those who begin.
    const begun = formatCursor(await bed.parts.events.head());
    expect((await follow(begun)).resets).toEqual([]);
    expect((await follow('0-0')).resets).toHaveLength(1);
  });
});
