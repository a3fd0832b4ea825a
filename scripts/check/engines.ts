import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { startRedis } from '#testing';
import { findEngine } from '../engines/dockerd.js';
import { freePort } from '../engines/port.js';
import { startPostgres } from '../engines/postgres.js';
import { startPrivateEngine } from '../engines/private-dockerd.js';
import type { Progress } from '../progress.js';
import { borrowEngine } from './borrowed-engine.js';
import type { Engine } from './needs.js';
import type { Plan } from './plan.js';

/** The real stores and the real Docker that the tests run on: throw-away, or borrowed and given back as they were. */
export class TestEngines {
  private readonly undo: (() => Promise<void>)[] = [];

  constructor(
    private readonly plan: Plan,
    private readonly progress: Progress,
    private readonly signal: AbortSignal,
  ) {}

  /** Answers the environment for Jest. What the caller's environment names already is used as it is. */
  async start(engines: Engine[]): Promise<Record<string, string>> {
    const env: Record<string, string> = {};
    const starters = {
      postgres: ['BERTH_TEST_DATABASE_URL', () => this.postgres()],
      redis: ['BERTH_TEST_REDIS_URL', () => this.redis()],
      docker: ['BERTH_TEST_DOCKER_HOST', () => (this.plan.privateDocker ? this.ownDocker() : this.borrowedDocker())],
    } as const;
    for (const engine of engines) {
      this.signal.throwIfAborted();
      // A program, and no server: the tests start it.
      if (engine === 'chromium') continue;
      const [variable, start] = starters[engine];
      env[variable] = process.env[variable]?.trim() || (await start());
    }
    return env;
  }

  async stop(): Promise<void> {
    for (const undo of this.undo.splice(0).reverse()) {
      await undo().catch((error: unknown) => console.error(`Tidying up: ${String(error)}`));
    }
  }

  private postgres(): Promise<string> {
    return this.progress.step('Starting Postgres', async () => {
      const server = await startPostgres({
        home: join(this.plan.dir, 'postgres'),
        password: randomBytes(16).toString('hex'),
        port: await freePort(),
        logFile: join(this.plan.dir, 'postgres.log'),
        durable: false,
        maxConnections: 300,
      });
      this.undo.push(() => server.stop());
      return server.url('postgres');
    });
  }

  private async redis(): Promise<string> {
    const redis = await startRedis();
    this.undo.push(() => redis.stop());
    return redis.url;
  }

  private ownDocker(): Promise<string> {
    return this.progress.step('Starting a Docker Engine for the tests', async () => {
      const engine = await startPrivateEngine(join(this.plan.dir, 'docker'));
      this.undo.push(() => engine.stop());
      return engine.host;
    });
  }

  private async borrowedDocker(): Promise<string> {
    const found = await findEngine();
    if ('error' in found) {
      throw new Error(
        `No Docker Engine answers (${found.error}), and none can be started here, which takes root on Debian or ` +
          `Ubuntu: start one, or set DOCKER_HOST.`,
      );
    }
    this.undo.push(await borrowEngine(found.host));
    return found.host;
  }
}
