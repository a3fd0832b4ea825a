import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { loadConfig, renderEnvExample, VARIABLES } from '../index.js';

const required = {
  BERTH_API_KEY: 'k'.repeat(32),
  BERTH_SECRET_KEY: 's'.repeat(32),
  DATABASE_URL: 'postgres://berth@127.0.0.1:5432/berth',
};

/** What loadConfig says when it refuses. */
function refusal(env: Record<string, string | undefined>): string {
  try {
    loadConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the configuration was accepted');
}

describe('loadConfig', () => {
  it('fills in every default', () => {
    const config = loadConfig(required);
    expect(config).toMatchObject({
      http: { host: '127.0.0.1', port: 8080 },
      security: { apiKey: required.BERTH_API_KEY, secretKey: required.BERTH_SECRET_KEY },
      database: { url: required.DATABASE_URL, poolSize: 10 },
      queue: { namespace: 'berth_queue', redisUrl: undefined },
      docker: { host: undefined, defaultImage: 'debian:bookworm-slim' },
      node: { id: 'node-1', cpus: undefined, memoryMb: undefined, silentSeconds: 15 },
      agent: { host: '127.0.0.1', port: 0, url: undefined },
      worker: { concurrency: 16, leaseSeconds: 30, leftoverSeconds: 600 },
      events: { retentionDays: 30 },
      log: { level: 'info' },
      resources: {
        default: { cpus: 1, memoryMb: 512, pids: 256 },
        max: { cpus: 64, memoryMb: 262_144, pids: 32_768 },
      },
    });
    expect(isAbsolute(config.dataDir)).toBe(true);
  });

  it('reads what is given, and takes an empty variable as unset', () => {
    const config = loadConfig({
      ...required,
      PORT: ' 9000 ',
      REDIS_URL: '',
      BERTH_NODE_CPUS: '1.5',
      DOCKER_HOST: 'unix:///run/docker.sock',
    });
    expect(config.http.port).toBe(9000);
    expect(config.queue.redisUrl).toBeUndefined();
    expect(config.node.cpus).toBe(1.5);
    expect(config.docker.host).toBe('unix:///run/docker.sock');
  });

  it('reports all faults together, each with what to write', () => {
    const message = refusal({
      BERTH_API_KEY: 'short',
      DATABASE_URL: 'mysql://x/y',
      PORT: '80a',
      BERTH_WORKER_CONCURRENCY: '0',
      BERTH_NODE_ID: 'Node_1',
      BERTH_LOG_LEVEL: 'loud',
      DOCKER_HOST: '/var/run/docker.sock',
      BERTH_DEFAULT_PIDS: '50000',
    });
    expect(message.split('\n')).toHaveLength(10);
    expect(message).toContain('9 fault(s)');
    expect(message).toContain('BERTH_SECRET_KEY: is required and missing. Write 32 to 255 random characters');
    expect(message).toContain('BERTH_API_KEY: is too short.');
    expect(message).toContain('DATABASE_URL: is not such a URL. Write a URL like postgres://');
    expect(message).toContain('PORT: is not a whole number. Write a whole number from 0 to 65535.');
    expect(message).toContain('BERTH_WORKER_CONCURRENCY: is too small.');
    expect(message).toContain('BERTH_DEFAULT_PIDS: is above BERTH_MAX_PIDS.');
    for (const name of ['BERTH_NODE_ID', 'BERTH_LOG_LEVEL', 'DOCKER_HOST']) expect(message).toContain(`${name}: `);
  });

  it('repeats no given value in a fault, since it may be a secret', () => {
    expect(refusal({ ...required, BERTH_SECRET_KEY: 'hunter2' })).not.toContain('hunter2');
  });

  it('refuses one key for both uses', () => {
    expect(refusal({ ...required, BERTH_SECRET_KEY: required.BERTH_API_KEY })).toContain('same as BERTH_API_KEY');
  });

  it('is frozen to its depths', () => {
    const config = loadConfig(required);
    expect(() => Object.assign(config.resources.default, { cpus: 2 })).toThrow(TypeError);
  });
});

describe('.env.example', () => {
  it('is what the settings render', () => {
    expect(readFileSync('.env.example', 'utf8')).toBe(renderEnvExample());
  });

  it('becomes a valid configuration once the required variables are filled in', () => {
    const env = Object.fromEntries(VARIABLES.map(({ name, fallback }) => [name, fallback]));
    expect(loadConfig({ ...env, ...required })).toEqual(loadConfig(required));
    expect(VARIABLES.filter((variable) => variable.required).map(({ name }) => name)).toEqual(Object.keys(required));
  });
});
