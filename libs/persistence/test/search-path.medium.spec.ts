import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#testing';
import pg from 'pg';
import { createDatabase, EventStore, START } from '../index.js';

/** A queue in Postgres has tables of its own, one of them `event`, in a schema that may be named as the user is. */
describe('schemas beside ours', () => {
  let test: TestDatabase;

  beforeAll(async () => {
    test = await createTestDatabase();
    const client = new pg.Client({ connectionString: test.url });
    await client.connect();
    const { rows } = await client.query<{ name: string }>('SELECT current_user AS name');
    await client.query(`CREATE SCHEMA "${rows[0]?.name}"; CREATE TABLE "${rows[0]?.name}".event (stranger int)`);
    await client.end();
  });
  afterAll(() => test?.drop());

  it('do not stand before it, even with the name of the user', async () => {
    const database = createDatabase({ url: test.url, poolSize: 1, applicationName: 'search-path' });
    expect(await new EventStore(database).head()).toEqual(START);
    await database.close();
  });
});
