import { startRedis } from '#testing';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bench } from './bench/run.js';
import { ensurePrograms } from './check/programs.js';
import { ensureEngine } from './engines/dockerd.js';
import { freePort } from './engines/port.js';
import { startPostgres } from './engines/postgres.js';
import { Progress } from './progress.js';

/** Measures on the Docker Engine that `npm start` would use, and on stores of its own that force commits to disk. */
export async function runBench(root: string): Promise<void> {
  const progress = new Progress();
  await ensurePrograms(['redis', 'docker'], progress);
  const dir = await mkdtemp(join(tmpdir(), 'berth-bench-'));
  const undo = [() => rm(dir, { recursive: true, force: true })];
  try {
    const engine = await ensureEngine(join(dir, 'dockerd.log'), progress);
    const postgres = await startPostgres({
      home: join(dir, 'postgres'),
      password: randomBytes(16).toString('hex'),
      port: await freePort(),
      logFile: join(dir, 'postgres.log'),
      durable: true,
      maxConnections: 100,
    });
    undo.push(() => postgres.stop());
    const redis = await startRedis();
    undo.push(() => redis.stop());
    await bench(join(root, 'artifacts/bench.json'), {
      databaseUrl: postgres.url('postgres'),
      redisUrl: redis.url,
      dockerHost: engine.host,
    });
  } finally {
    for (const each of undo.reverse()) await each();
  }
}
