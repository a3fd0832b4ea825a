import { Client } from 'pg';
import { managedObjects, testDocker } from '#testing';

/** What must not outlive a suite: Berth's objects on the Engine, and the suites' databases. One line for each. */
export async function findLeaks(env: Record<string, string>): Promise<string[]> {
  const [objects, databases] = await Promise.all([
    env['BERTH_TEST_DOCKER_HOST'] ? engineObjects(env['BERTH_TEST_DOCKER_HOST']) : [],
    env['BERTH_TEST_DATABASE_URL'] ? testDatabases(env['BERTH_TEST_DATABASE_URL']) : [],
  ]);
  return [...objects, ...databases].sort();
}

async function engineObjects(host: string): Promise<string[]> {
  const { containers, volumes, images } = await managedObjects(testDocker(host));
  return [
    ...containers.map((name) => `container ${name}`),
    ...volumes.map((name) => `volume ${name}`),
    ...images.map((name) => `image ${name}`),
  ];
}

async function testDatabases(adminUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE starts_with(datname, 'berth_test_')`,
    );
    return rows.map(({ datname }) => `database ${datname}`);
  } finally {
    await client.end();
  }
}
