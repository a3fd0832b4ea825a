import { createTestDatabase, ensureTinyImage, startServices, testDocker, type TestServices } from '#testing';
import type Docker from 'dockerode';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { BerthClient } from './berth.js';
import type { Compared } from './compared.js';
import { accepts, createAndStart, reads, startAndStop } from './measures.js';
import { RawDocker } from './raw.js';
import { seedBots } from './seed.js';
import { snapshots } from './snapshots.js';
import { workspace } from './workspace.js';

const TURNS = 30;
const IDLE_MS = 5_000;

export interface BenchEngines {
  /** An administrator's, on a server where databases may be made. */
  databaseUrl: string;
  redisUrl: string;
  dockerHost: string;
}

/** Measures Berth beside raw Docker, with the queue on either store, and writes what it found to a file. */
export async function bench(file: string, engines: BenchEngines): Promise<void> {
  process.env['BERTH_TEST_DATABASE_URL'] = engines.databaseUrl;
  const docker = testDocker(engines.dockerHost);
  const image = await ensureTinyImage(docker);
  const result: Record<string, unknown> = { at: new Date().toISOString(), cpus: cpus().length, cpu: cpus()[0]?.model };
  for (const queue of ['postgres', 'redis'] as const) {
    const database = await createTestDatabase();
    const services = await startServices({
      databaseUrl: database.url,
      dockerHost: engines.dockerHost,
      ...(queue === 'redis' && { redisUrl: engines.redisUrl }),
      env: { BERTH_DEFAULT_IMAGE: image, BERTH_LOG_LEVEL: 'warn', BERTH_NODE_SILENT_SECONDS: '3600' },
    });
    try {
      result[queue] = await measure(queue, services, { docker, image, databaseUrl: database.url });
    } finally {
      await services.stop();
      await database.drop();
    }
  }
  await mkdir(new URL('.', `file://${file}`), { recursive: true });
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  say(`\nWritten to ${file}`);
}

async function measure(
  queue: string,
  services: TestServices,
  { docker, image, databaseUrl }: { docker: Docker; image: string; databaseUrl: string },
) {
  const raw = new RawDocker(docker, image, 'berth');
  const socket = await services.socket();
  await socket.ask('subscribe', { all: true });
  const berth = new BerthClient(services.url, services.apiKey, socket, 16);
  const run = `x${Date.now().toString(36)}`;
  say(`\nQueue on ${queue}`);
  await delay(IDLE_MS);
  const rssMb = { api: await rss(services.api.pid), worker: await rss(services.worker.pid) };
  say(`  idle memory        api ${rssMb.api} MB, worker ${rssMb.worker} MB`);
  const { start, stop } = await startAndStop(raw, berth, run, TURNS);
  sayCompared('start to running', start);
  sayCompared('stop', stop);
  const throughput = [];
  for (const width of [1, 4, 8]) {
    const found = await createAndStart(raw, berth, run, { width, batch: 16, rounds: width === 1 ? 2 : 4 });
    say(
      `  create+start ${width} at once  raw ${found.rawPerSecond}/s, berth ${found.berthPerSecond}/s, ratio ${found.ratio}`,
    );
    throughput.push(found);
  }
  const tiny = await snapshots({ docker, raw, berth }, run, { megabytes: 0, turns: 12 });
  sayCompared('snapshot, tiny', tiny.snapshot);
  sayCompared('restore, tiny', tiny.restore);
  const large = await snapshots({ docker, raw, berth }, run, { megabytes: 200, turns: 5 });
  sayCompared('snapshot, 200 MB', large.snapshot);
  sayCompared('restore, 200 MB', large.restore);
  const inside = await workspace({ docker, raw, berth }, run, { exec: 40, transfer: 7 });
  sayCompared('exec of true', inside.exec);
  for (const what of ['upload', 'download'] as const) {
    const { raw: direct, berth: through, ratio } = inside[what];
    say(`  ${`${what} of 100 MB`.padEnd(18)} raw ${direct} MB/s, berth ${through} MB/s, ratio ${ratio}`);
  }
  await seedBots(databaseUrl, 'seed', 10_000, services.nodeId);
  const gets = await reads(berth, (i) => `/v1/bots/seed-${(i * 37) % 10_000}/container`, 1_000);
  const lists = await reads(berth, (i) => `/v1/bots?limit=50${i % 2 ? '&status=stopped' : ''}`, 500);
  say(`  with 10,000 bots   get p50 ${gets.p50} p99 ${gets.p99} ms, list of 50 p50 ${lists.p50} p99 ${lists.p99} ms`);
  await services.worker.stop();
  // Code that was never run is slow once; that is no part of what a busy service does.
  await accepts(berth, `${run}w`, { n: 1_000, width: 16, verb: 'create' });
  const created = await accepts(berth, run, { n: 3_000, width: 16, verb: 'create' });
  await seedBots(databaseUrl, `${run}s-accept`, 3_000, services.nodeId);
  const started = await accepts(berth, `${run}s`, { n: 3_000, width: 16, verb: 'start' });
  say(
    `  accepts, no worker create ${created.perSecond}/s (p50 ${created.latency.p50} ms), start ${started.perSecond}/s (p50 ${started.latency.p50} ms)`,
  );
  await berth.close();
  return {
    rssMb,
    start,
    stop,
    throughput,
    snapshots: { tiny, large },
    workspace: inside,
    gets,
    lists,
    accepts: { create: created, start: started },
  };
}

function sayCompared(what: string, { raw, berth, ratio }: Compared): void {
  say(
    `  ${what.padEnd(18)} raw p50 ${raw.p50} p99 ${raw.p99} ms, berth p50 ${berth.p50} p99 ${berth.p99} ms, ratio ${ratio}`,
  );
}

/** Resident memory of a process. MB. */
async function rss(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024);
}

function say(line: string): void {
  console.log(line);
}
