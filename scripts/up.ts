import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureEngine } from './engines/dockerd.js';
import { ensureImage } from './engines/image.js';
import { migrate } from './engines/migrations.js';
import { Progress } from './progress.js';
import { chooseAddress } from './up/address.js';
import { openLog } from './up/log-file.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './up/postgres.js';
import { untilNodeUp } from './up/node-up.js';
import { untilReady } from './up/ready.js';
import { type Installation, endLeftovers, forget, startService } from './up/services.js';
import { loadSecrets } from './up/secrets.js';
import { Stop } from './up/stop.js';
import { welcome } from './up/welcome.js';

const DEFAULT_IMAGE = 'debian:bookworm-slim';
const DEFAULT_NODE = 'node-1';

export interface UpOptions extends Installation {
  /** Tells whoever starts a second one where this one is. */
  announce: (note: string) => void;
}

/** Brings everything up, in order, then returns; signals bring it down again. */
export async function up(options: UpOptions): Promise<void> {
  const started = performance.now();
  const { dataDir } = options;
  const progress = new Progress();
  const say = (line: string): void => progress.line(line);
  const stop = new Stop(say);
  process.once('uncaughtException', (error) => {
    say(`Berth's supervisor failed and stops everything: ${error.stack ?? error.message}`);
    void stop.all().then(() => process.exit(1));
  });
  try {
    await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
    const secrets = await loadSecrets(dataDir);
    const left = await progress.step('Stopping what an earlier start has left running', () => endLeftovers(options));
    if (left.length > 0) say(`Stopped ${left.join(' and ')}, left running by a start that was killed.`);
    const address = await chooseAddress(process.env);

    let postgres: EmbeddedPostgres | undefined;
    let databaseUrl = process.env['DATABASE_URL']?.trim() ?? '';
    if (!databaseUrl) {
      stop.signal.throwIfAborted();
      postgres = await progress.step('Starting Postgres', () =>
        startEmbeddedPostgres(dataDir, secrets.postgresPassword, say),
      );
      stop.postgres = postgres;
      databaseUrl = postgres.url;
    }

    stop.signal.throwIfAborted();
    const dockerLog = join(dataDir, 'logs/dockerd.log');
    await (await openLog(dockerLog)).close();
    const engine = await stop.orAbort(ensureEngine(dockerLog, progress));
    const image = process.env['BERTH_DEFAULT_IMAGE']?.trim() || DEFAULT_IMAGE;
    await ensureImage({ dockerHost: engine.host, ref: image, progress, signal: stop.signal });

    stop.signal.throwIfAborted();
    await progress
      .step('Applying migrations', () => migrate(databaseUrl))
      .catch((error: Error & { code?: string }) => {
        if (postgres) throw error;
        throw new Error(`The database at DATABASE_URL cannot be used: ${error.message || error.code}`, {
          cause: error,
        });
      });

    stop.signal.throwIfAborted();
    const env = {
      ...process.env,
      NODE_ENV: 'production',
      BERTH_API_KEY: secrets.apiKey,
      BERTH_SECRET_KEY: secrets.secretKey,
      BERTH_DATA_DIR: dataDir,
      BERTH_DEFAULT_IMAGE: image,
      DATABASE_URL: databaseUrl,
      DOCKER_HOST: engine.host,
      HOST: address.host,
      PORT: String(address.port),
    };
    stop.worker = await startService('worker', options, env, say);
    const nodeId = process.env['BERTH_NODE_ID']?.trim() || DEFAULT_NODE;
    await progress.step('Starting the worker', () => untilNodeUp(databaseUrl, nodeId, stop));
    stop.api = await startService('api', options, env, say);
    await progress.step('Starting the api', () => untilReady(address.url, options, stop));

    const url = address.url;
    options.announce(`at ${url}`);
    welcome({
      say,
      url,
      apiKey: secrets.apiKey,
      dataDir,
      engine,
      embedded: postgres !== undefined,
      ms: performance.now() - started,
    });
    await stop.asked;
  } catch (error) {
    if (!stop.signal.aborted) {
      await stop.all();
      await forget(options);
      throw error;
    }
  }
  await stop.all();
  await forget(options);
  // dockerd's pipes and idle sockets of clients must not keep us.
  await delay(0);
  process.exit(0);
}
