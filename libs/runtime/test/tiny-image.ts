import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { spawn } from 'node:child_process';
import Docker from 'dockerode';
import { parseDockerHost } from '../engine-connection.js';

const run = promisify(execFile);

/** The engine that runtime tests use: BERTH_TEST_DOCKER_HOST, else DOCKER_HOST, else the default socket. */
export function testDockerHost(): string | undefined {
  return process.env.BERTH_TEST_DOCKER_HOST ?? process.env.DOCKER_HOST;
}

/** Raw access to an engine, for what the port does not offer. */
export function testDocker(dockerHost = testDockerHost()): Docker {
  return new Docker({ host: undefined, port: undefined, protocol: 'http', ...parseDockerHost(dockerHost) });
}

/**
 * Makes an image of a statically linked busybox (2 MB, 0.2 s) under this tag, unless it is there: no registry is needed.
 * Needs Debian's busybox-static. Returns the image id.
 */
export async function ensureTinyImage(dockerHost: string | undefined, tag: string): Promise<string> {
  const docker = testDocker(dockerHost);
  const present = await docker
    .getImage(tag)
    .inspect()
    .catch(() => null);
  if (present) return present.Id;
  const root = await mkdtemp(join(tmpdir(), 'berth-tiny-'));
  try {
    await layOutRoot(root);
    const tar = spawn('tar', ['-C', root, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(tar, 'close');
    const [repo, version] = splitTag(tag);
    const answer = await docker.importImage(tar.stdout, { repo, tag: version });
    answer.resume();
    await finished(answer);
    await ended;
    return (await docker.getImage(tag).inspect()).Id;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function splitTag(tag: string): [string, string] {
  const colon = tag.lastIndexOf(':');
  return colon === -1 ? [tag, 'latest'] : [tag.slice(0, colon), tag.slice(colon + 1)];
}

async function layOutRoot(root: string): Promise<void> {
  for (const directory of ['bin', 'etc', 'tmp', 'root', 'run', 'data', 'proc', 'sys', 'dev', 'usr']) {
    await mkdir(join(root, directory));
  }
  await copyFile('/bin/busybox', join(root, 'bin/busybox'));
  await symlink('../bin', join(root, 'usr/bin'));
  const { stdout } = await run('/bin/busybox', ['--list']);
  for (const command of stdout.trim().split('\n')) {
    if (command !== 'busybox') await symlink('busybox', join(root, 'bin', command));
  }
}
