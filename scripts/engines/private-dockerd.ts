import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { askEngine, dockerAt } from './docker.js';
import { endPid, endsWithin, run } from './process.js';

const START_DEADLINE_MS = 60_000;

export interface PrivateEngine {
  /** As in DOCKER_HOST. */
  host: string;
  /** With all its containers. */
  stop(): Promise<void>;
}

/**
 * An Engine with everything in `dir`, its images and containers in `dataRoot` where that is given; to be started in
 * network and mount namespaces of one's own (check/enclosure.ts), or within those that the command `within` makes.
 */
export async function startPrivateEngine(
  dir: string,
  { dataRoot = join(dir, 'root'), within = [] }: { dataRoot?: string; within?: string[] } = {},
): Promise<PrivateEngine> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const host = `unix://${join(dir, 'docker.sock')}`;
  const logFile = join(dir, 'dockerd.log');
  const log = await open(logFile, 'a');
  const places = ['--data-root', dataRoot, '--exec-root', join(dir, 'exec'), '--pidfile', join(dir, 'pid')];
  // Ends with us, however we end.
  const dockerd = [...within, 'dockerd', ...places, '--host', host, '--log-level', 'warn'];
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...dockerd], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  child.once('error', () => undefined);
  await log.close();
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined) await endEngine(child.pid, host, dir);
    await unmountBelow(dir);
  };

  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const answer = await askEngine(host);
    if (!('error' in answer)) return { host, stop };
    if (Date.now() > deadline || (await endsWithin(child, 0))) {
      await stop();
      const text = await readFile(logFile, 'utf8');
      throw new Error(
        `A Docker Engine for the tests does not start:\n${text.trimEnd().split('\n').slice(-10).join('\n')}`,
      );
    }
    await delay(50);
  }
}

async function endEngine(pid: number, host: string, dir: string): Promise<void> {
  const docker = dockerAt(host);
  // Faster than the graceful stop that an ending Engine grants each of them.
  const containers = await docker.listContainers({ all: true }).catch(() => []);
  await Promise.allSettled(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
  const steps = [
    { signal: 'SIGTERM', waitMs: 20_000 },
    { signal: 'SIGKILL', waitMs: 2_000 },
  ] as const;
  const containerd = Number(await readFile(join(dir, 'exec/containerd/containerd.pid'), 'utf8').catch(() => ''));
  await endPid(pid, [...steps]);
  if (containerd) await endPid(containerd, [...steps]);
}

/** What is mounted cannot be removed. */
async function unmountBelow(dir: string): Promise<void> {
  const mounts = await readFile('/proc/self/mounts', 'utf8');
  const below = mounts.split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const path of below.filter((mount) => mount.startsWith(`${dir}/`)).reverse()) await run('umount', ['-l', path]);
}
