import { freePort, startProxy, waitFor, type Proxy } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, DatabaseFault, type Database } from '../index.js';
import { databaseFault } from '../faults.js';
import { openBed, untilSomebodyWaits, type Bed } from './bed.js';

let bed: Bed;

const proxies: Proxy[] = [];

beforeAll(async () => void (bed = await openBed()));
afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()));
  await bed.close();
});

async function openProxy(): Promise<Proxy> {
  const proxy = await startProxy(bed.url);
  proxies.push(proxy);
  return proxy;
}

const faultOf = async (work: Promise<unknown>): Promise<DatabaseFault> => {
  const error: unknown = await work.then(
    () => new Error('it passed'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseFault);
  return error as DatabaseFault;
};

async function using<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = createDatabase({ url, poolSize: 2, applicationName: 'faults-test' });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** Ends a session while it waits for a lock, by the way that an administrator has. */
async function terminateWaiting(application: string): Promise<void> {
  const admin = await bed.connect();
  await waitFor(
    async () => {
      const { rowCount } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = $1 AND datname = current_database() AND wait_event_type = 'Lock'`,
        [application],
      );
      return (rowCount ?? 0) > 0;
    },
    { what: 'a statement that waits' },
  );
}

describe('a fault', () => {
  it('of a backend that is ended in the middle of a statement is passing, and the next statement passes', async () => {
    const holder = await bed.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE node');
    await using(bed.url, async (database) => {
      const fault = faultOf(database.query('SELECT id FROM node'));
      await terminateWaiting('faults-test');
      expect(await fault).toMatchObject({ kind: 'unavailable' });
      await holder.query('ROLLBACK');
      expect(await database.query('SELECT id FROM node')).toEqual([]);
    });
  });

  it('of Prisma’s models with such a backend is passing too', async () => {
    const holder = await bed.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE node');
    await using(bed.url, async (database) => {
      const fault = faultOf(database.models((prisma) => prisma.node.findMany()));
      await terminateWaiting('faults-test');
      expect(await fault).toMatchObject({ kind: 'unavailable' });
      await holder.query('ROLLBACK');
      expect(await database.models((prisma) => prisma.node.findMany())).toEqual([]);
    });
  });

  it('of a server that cannot be reached is passing: no port, no name, no socket, closed at once', async () => {
    const proxy = await openProxy();
    proxy.down();
    const urls = [
      `postgresql://postgres@127.0.0.1:${await freePort()}/x`,
      `postgresql://postgres@localhost:${await freePort()}/x`,
      'postgresql://postgres@no-such-host.invalid:5432/x',
      'postgresql:///x?host=/no/such/folder',
      proxy.url,
    ];
    for (const url of urls) {
      const [query, models] = await using(url, async (database) => [
        await faultOf(database.query('SELECT 1')),
        await faultOf(database.models((prisma) => prisma.node.findMany())),
      ]);
      expect([url, query?.kind, models?.kind]).toEqual([url, 'unavailable', 'unavailable']);
    }
  });

  it('of a connection that breaks under a statement is passing, and the next one passes', async () => {
    const proxy = await openProxy();
    await using(proxy.url, async (database) => {
      await database.query('SELECT 1');
      const holder = await bed.connect();
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE node');
      const fault = faultOf(database.query('SELECT id FROM node'));
      await untilSomebodyWaits(holder);
      proxy.down();
      expect(await fault).toMatchObject({ kind: 'unavailable' });
      await holder.query('ROLLBACK');
      proxy.up();
      expect(await database.query('SELECT id FROM node')).toEqual([]);
    });
  });

  it('of a deadlock, a time-out or a server that takes no writes is passing', async () => {
    const raised = (state: string) =>
      faultOf(bed.database.query(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '${state}'; END $$`));
    for (const state of ['40001', '40P01', '55P03', '57014', '57P01', '57P03', '53300', '08006', '25006']) {
      expect([state, (await raised(state)).kind]).toEqual([state, 'unavailable']);
    }
    for (const state of ['22003', '23503', '23514', '42601']) {
      expect([state, (await raised(state)).kind]).toEqual([state, 'other']);
    }
  });

  it('of a unique index is a conflict that names it, by hand and by Prisma', async () => {
    const insert = `INSERT INTO tenant (id, name, slug) VALUES (gen_random_uuid(), 'twice', $1)`;
    await bed.database.query(insert, ['twice1']);
    expect(await faultOf(bed.database.query(insert, ['twice2']))).toMatchObject({
      kind: 'conflict',
      constraint: 'tenant_name_key',
    });
    const data = { id: '00000000-0000-7000-8000-000000000001', name: 'twice', slug: 'twice3' };
    const create = bed.database.models((prisma) => prisma.tenant.create({ data }));
    expect(await faultOf(create)).toMatchObject({ kind: 'conflict' });
  });

  it('of berth_refuse is a refusal with its code, and other words are not taken for one', async () => {
    expect(await faultOf(bed.database.query(`SELECT berth_refuse('no_capacity')`))).toMatchObject({
      kind: 'refused',
      constraint: 'no_capacity',
    });
    expect(await faultOf(bed.database.query(`SELECT 'no_capacity'::int`))).toMatchObject({ kind: 'other' });
  });

  it('stays the fault it is, and keeps its cause', async () => {
    const fault = await faultOf(bed.database.query('SELECT nothing'));
    expect(fault).toMatchObject({ kind: 'other', constraint: null });
    expect(fault.cause).toBeInstanceOf(Error);
    expect(databaseFault(fault)).toBe(fault);
    expect(databaseFault('a string')).toMatchObject({ kind: 'other' });
    const circular: { message: string; cause?: unknown } = { message: 'round' };
    circular.cause = circular;
    expect(databaseFault(circular)).toMatchObject({ kind: 'other' });
  });
});
