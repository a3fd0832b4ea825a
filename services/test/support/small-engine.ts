import { testDocker } from '#testing';
import type Docker from 'dockerode';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startPrivateEngine } from '../../../scripts/engines/private-dockerd.js';

const CHUNK = Buffer.alloc(64 * 1024);
const run = promisify(execFile);

/** A Docker Engine of a test's own whose disk is small. */
export interface SmallEngine {
  /** As in DOCKER_HOST. */
  host: string;
  docker: Docker;
  /** Bytes. */
  free(): Promise<number>;
  /** Takes so much of the disk that this many bytes are left. */
  fill(left: number): Promise<void>;
  /** Gives that back. */
  makeRoom(): Promise<void>;
  stop(): Promise<void>;
}

/** `within`: the command that keeps the engine apart from others on this machine. */
export async function startSmallEngine(within: string[], sizeBytes: number): Promise<SmallEngine> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-small-'));
  const disk = join(dir, 'disk');
  const filler = join(disk, 'filler');
  await mkdir(disk);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=700`, 'tmpfs', disk]);
  const unmount = async (): Promise<void> => {
    await run('umount', ['-l', disk]);
    await rm(dir, { recursive: true, force: true });
  };
  const free = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(disk);
    return bavail * bsize;
  };
  const engine = await startPrivateEngine(join(dir, 'engine'), { dataRoot: join(disk, 'root'), within }).catch(
    async (error: unknown) => {
      await unmount();
      throw error;
    },
  );
  return {
    host: engine.host,
    docker: testDocker(engine.host),
    free,
    async fill(left) {
      const file = await open(filler, 'w');
      try {
        while ((await free()) > left) await file.write(CHUNK);
      } finally {
        await file.close();
      }
    },
    makeRoom: () => rm(filler, { force: true }),
    stop: () => engine.stop().finally(unmount),
  };
}
