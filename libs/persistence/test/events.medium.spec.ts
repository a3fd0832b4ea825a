import { waitFor } from '#testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  EventStore,
  formatCursor,
  isAfter,
  parseCursor,
  prune,
  START,
  type Cursor,
  type StoredEvent,
} from '../index.js';
import { addBot, addTenant, openBed, WRITE_EVENT, type Bed } from './bed.js';

let bed: Bed;
let events: EventStore;

beforeAll(async () => {
  bed = await openBed();
  events = new EventStore(bed.database);
});
afterAll(() => bed.close());

const write = (botKey: string) => bed.database.query(WRITE_EVENT, [botKey]);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
const label = ({ view }: StoredEvent): string => `${view.botId}:${view.version}`;
const settled = () =>
  waitFor(async () => !(await events.tail(START, 10_000)).pending, { what: 'every event to be settled' });

/** Reads on from a place until a tail is dry; pages are small so that many of them are read. */
async function readOn(from: Cursor, into: StoredEvent[]): Promise<Cursor> {
  for (let at = from; ;) {
    const page = await events.tail(at, 7);
    into.push(...page.events);
    const last = page.events.at(-1);
    if (!last) return at;
    at = last.cursor;
  }
}

describe('a cursor', () => {
  it('survives being text, and keeps its order beyond what a number holds', () => {
    const cursor = { txid: 9_007_199_254_740_993n, id: 12n };
    expect(formatCursor(cursor)).toBe('9007199254740993-12');
    expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
    expect(isAfter({ txid: 9_007_199_254_740_993n, id: 0n }, { txid: 9_007_199_254_740_992n, id: 9n })).toBe(true);
    expect(isAfter({ txid: 1n, id: 2n }, { txid: 1n, id: 1n })).toBe(true);
    expect(isAfter(cursor, cursor)).toBe(false);
    // The contract lets twenty digits pass; Postgres does not.
    const huge = parseCursor('99999999999999999999-99999999999999999999');
    expect(huge).toEqual({ txid: 9_223_372_036_854_775_807n, id: 9_223_372_036_854_775_807n });
  });

  it('of any size that the contract lets pass is understood by each statement', async () => {
    const huge = parseCursor('99999999999999999999-99999999999999999999');
    const key = await addBot(bed, bed.tenantId, 'cursors');
    expect(await events.tail(huge, 10)).toEqual({ events: [], pending: false });
    expect(await events.ofTenant(bed.tenantId, huge, 10)).toEqual([]);
    expect(await events.versionAt(key, huge)).toBe(0);
    expect(await events.placeOf(huge)).toBe('unknown');
  });
});

describe('tail', () => {
  it('waits for a transaction that is still open, and then gives what it hid in order', async () => {
    const [early, late] = [await addBot(bed, bed.tenantId, 'early'), await addBot(bed, bed.tenantId, 'late')];
    await write(early);
    await settled();
    const from = await events.head();
    const open = await bed.connect();
    await open.query('BEGIN');
    await open.query(WRITE_EVENT, [late]);
    for (let n = 0; n < 3; n += 1) await write(early);

    expect(await events.tail(from, 100)).toEqual({ events: [], pending: true });
    expect(await events.ofTenant(bed.tenantId, from, 100)).toEqual([]);
    expect(await events.head()).toEqual(from);
    // A bot's own history need not wait.
    expect((await events.ofBot(early, 1, 100)).map(label)).toEqual(['early:2', 'early:3', 'early:4']);

    await open.query('COMMIT');
    await settled();
    const page = await events.tail(from, 100);
    expect(page.events.map(label)).toEqual(['late:1', 'early:2', 'early:3', 'early:4']);
    expect((await events.ofTenant(bed.tenantId, from, 100)).map(label)).toEqual(page.events.map(label));
  });

  it('misses nothing of a transaction that took its number and did not write for long', async () => {
    const [quick, slow] = [await addBot(bed, bed.tenantId, 'quick'), await addBot(bed, bed.tenantId, 'slow')];
    const from = await events.head();
    const open = await bed.connect();
    await open.query('BEGIN');
    await open.query('SELECT pg_current_xact_id()');
    await write(quick);
    const seen: StoredEvent[] = [];
    const at = await readOn(from, seen);
    await open.query(WRITE_EVENT, [slow]);
    await open.query('COMMIT');
    await settled();
    await readOn(at, seen);
    expect(seen.map(label)).toEqual(['slow:1', 'quick:1']);
  });

  it('is not held back by a transaction that was rolled back', async () => {
    const [kept, lost] = [await addBot(bed, bed.tenantId, 'kept'), await addBot(bed, bed.tenantId, 'lost')];
    const from = await events.head();
    const open = await bed.connect();
    await open.query('BEGIN');
    await open.query(WRITE_EVENT, [lost]);
    await write(kept);
    await open.query('ROLLBACK');
    await settled();
    expect((await events.tail(from, 100)).events.map(label)).toEqual(['kept:1']);
  });

  it('gives each of 600 events once and in order while eight write and one transaction lingers', async () => {
    const writers = await Promise.all(upTo(8).map((n) => addBot(bed, bed.tenantId, `writer-${n}`)));
    const lingering = await addBot(bed, bed.tenantId, 'lingering');
    const from = await events.head();
    const seen: StoredEvent[] = [];
    let at = from;
    let writing = true;
    const tailing = (async () => {
      while (writing) at = await readOn(at, seen);
    })();
    const open = await bed.connect();
    await open.query('BEGIN');
    await open.query(WRITE_EVENT, [lingering]);
    const written = Promise.all(
      writers.map(async (key) => {
        for (let n = 0; n < 75; n += 1) await write(key);
      }),
    );
    await waitFor(() => events.tail(at, 1).then(({ pending }) => pending), { what: 'events behind the open one' });
    await open.query('COMMIT');
    await written;
    writing = false;
    await tailing;
    await settled();
    await readOn(at, seen);

    expect(seen).toHaveLength(601);
    expect(new Set(seen.map(label)).size).toBe(601);
    for (const [index, { cursor }] of seen.entries()) {
      const before = seen[index - 1];
      if (before) expect(isAfter(cursor, before.cursor)).toBe(true);
    }
    for (const n of upTo(8)) {
      const versions = seen.filter(({ view }) => view.botId === `writer-${n}`).map(({ view }) => view.version);
      expect(versions).toEqual(upTo(75));
    }
    expect((await events.head()).id).toBe(seen.at(-1)?.cursor.id);
  });
});

describe('pages', () => {
  it('of a bot and of a tenant hold what is theirs, without gap or double', async () => {
    const other = await addTenant(bed, 'other');
    const [mine, theirs] = [await addBot(bed, bed.tenantId, 'paged'), await addBot(bed, other, 'paged')];
    const from = await events.head();
    for (let n = 0; n < 11; n += 1) await Promise.all([write(mine), write(theirs)]);
    await settled();

    const pages: number[][] = [];
    for (let after = 0; ;) {
      const page = await events.ofBot(mine, after, 4);
      if (page.length === 0) break;
      pages.push(page.map(({ view }) => view.version));
      after = page.at(-1)?.view.version ?? after;
    }
    expect(pages).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10, 11],
    ]);

    const ofOther: StoredEvent[] = [];
    for (let after = from; ;) {
      const page = await events.ofTenant(other, after, 4);
      ofOther.push(...page);
      const last = page.at(-1);
      if (!last) break;
      after = parseCursor(last.view.cursor);
    }
    expect(ofOther.map(({ view }) => view.version)).toEqual(upTo(11));
    expect(new Set(ofOther.map(({ tenantId }) => tenantId))).toEqual(new Set([other]));

    const fifth = ofOther[4];
    if (!fifth) throw new Error('five events were expected');
    expect(await events.versionAt(theirs, fifth.cursor)).toBe(5);
    expect(await events.versionAt(theirs, { ...fifth.cursor, id: fifth.cursor.id - 1n })).toBe(4);
    expect(await events.versionAt(theirs, START)).toBe(0);
    const last = ofOther.at(-1);
    expect(last && (await events.versionAt(theirs, last.cursor))).toBe(11);
  });
});

describe('prune', () => {
  beforeEach(() => bed.database.query('DELETE FROM event'));
  const age = (botKey: string, versions: number[]) =>
    bed.database.query(
      `UPDATE event SET at = now() - interval '8 days' WHERE bot_key = $1 AND version = ANY($2::int[])`,
      [botKey, versions],
    );

  it('forgets what is past its time, batch by batch, and moves the horizon to the last that went', async () => {
    const key = await addBot(bed, bed.tenantId, 'pruned');
    for (let n = 0; n < 6; n += 1) await write(key);
    await settled();
    const all = await events.ofBot(key, 0, 10);
    const place = (version: number): Cursor => all[version - 1]?.cursor ?? START;
    await age(key, [1, 2, 3]);
    expect(await events.placeOf(place(1))).toBe('known');

    expect(await prune(bed.database, { days: 7, batch: 2 })).toBe(2);
    expect(await events.placeOf(place(1))).toBe('pruned');
    expect(await events.placeOf(place(2))).toBe('known');
    expect(await prune(bed.database, { days: 7, batch: 2 })).toBe(1);
    expect(await events.placeOf(place(2))).toBe('pruned');
    expect(await events.placeOf(place(3))).toBe('known');
    expect(await events.placeOf(START)).toBe('pruned');
    expect((await events.ofBot(key, 0, 10)).map(({ view }) => view.version)).toEqual([4, 5, 6]);
    expect(await prune(bed.database, { days: 7, batch: 2 })).toBe(0);
    expect(await events.placeOf(place(3))).toBe('known');
  });

  it('never moves the horizon back', async () => {
    const [older, newer] = [await addBot(bed, bed.tenantId, 'older'), await addBot(bed, bed.tenantId, 'newer')];
    await write(older);
    await write(newer);
    await settled();
    const [before] = await events.ofBot(newer, 0, 1);
    if (!before) throw new Error('an event was expected');
    await age(newer, [1]);
    await prune(bed.database, { days: 7, batch: 100 });
    await age(older, [1]);
    await prune(bed.database, { days: 7, batch: 100 });
    expect(await events.placeOf(before.cursor)).toBe('known');
    expect(await events.placeOf({ ...before.cursor, id: before.cursor.id - 1n })).toBe('pruned');
  });

  it('by two at once loses nothing that is not past its time', async () => {
    const key = await addBot(bed, bed.tenantId, 'twice');
    for (let n = 0; n < 20; n += 1) await write(key);
    await age(key, upTo(15));
    const deleted = await Promise.all(upTo(4).map(() => prune(bed.database, { days: 7, batch: 100 })));
    expect(deleted.reduce((sum, each) => sum + each, 0)).toBe(15);
    expect((await events.ofBot(key, 0, 100)).map(({ view }) => view.version)).toEqual([16, 17, 18, 19, 20]);
  });

  it('forgets ended operations and old keys, and nothing that still waits or runs', async () => {
    const key = await addBot(bed, bed.tenantId, 'operated');
    const ids: Record<string, string> = {};
    for (const [name, status, finished] of [
      ['old', 'succeeded', '8 days'],
      ['new', 'succeeded', '6 days'],
      ['waiting', 'queued', null],
    ] as const) {
      const [made] = await bed.database.query<{ id: string }>(
        `INSERT INTO operation (id, tenant_id, bot_key, kind, status, digest, target, requested_by, created_at, deadline_at, finished_at)
         VALUES (gen_random_uuid(), $1, $2, 'container.start', $3, '', 'running', '{}', now() - interval '9 days', now(),
           now() - $4::interval) RETURNING id`,
        [bed.tenantId, key, status, finished],
      );
      ids[name] = made?.id ?? '';
    }
    await bed.database.query(
      `INSERT INTO idempotency_key (tenant_id, key, fingerprint, created_at)
       VALUES ($1, 'old', '', now() - interval '25 h'), ($1, 'new', '', now() - interval '23 h')`,
      [bed.tenantId],
    );
    expect(await prune(bed.database, { days: 7, batch: 100 })).toBe(2);
    const left = await bed.database.query<{ id: string }>(`SELECT id FROM operation WHERE bot_key = $1`, [key]);
    expect(left.map(({ id }) => id).sort()).toEqual([ids['new'], ids['waiting']].sort());
    expect(await bed.database.query('SELECT key FROM idempotency_key')).toEqual([{ key: 'new' }]);
  });
});
