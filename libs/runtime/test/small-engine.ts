import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { testDocker } from './tiny-image.js';

const run = promisify(execFile);
const START_MS = 60_000;

/** A second Docker Engine whose whole disk is a small piece of memory. Needs root on Linux. */
export class SmallEngine {
  readonly dockerHost: string;
  readonly docker: Docker;
  private readonly daemon: ChildProcess;

  private constructor(private readonly directory: string) {
    this.dockerHost = `unix://${join(directory, 'docker.sock')}`;
    this.docker = testDocker(this.dockerHost);
    // In a network namespace of its own: two engines in one share its packet filter and remove each other's bridges.
    const bare = ['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'];
    const places = ['--data-root', join(directory, 'root'), '--exec-root', join(directory, 'exec')];
    const rest = ['--pidfile', join(directory, 'pid'), '--host', this.dockerHost, '--log-level', 'error'];
    // Ends with us, however we end.
    const log = openSync(join(directory, 'log'), 'a');
    const dockerd = ['dockerd', ...bare, ...places, ...rest];
    this.daemon = spawn('setpriv', ['--pdeathsig', 'TERM', 'unshare', '--net', ...dockerd], {
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
  }

  static async open(sizeMb: number): Promise<SmallEngine> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-small-'));
    await mkdir(join(directory, 'root'));
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'berth-small', join(directory, 'root')]);
    const engine = new SmallEngine(directory);
    try {
      for (const deadline = Date.now() + START_MS; ; await delay(50)) {
        if (await engine.docker.ping().catch(() => null)) return engine;
        if (Date.now() < deadline && engine.daemon.exitCode === null) continue;
        const log = await readFile(join(directory, 'log'), 'utf8');
        throw new Error(`A small engine does not start:\n${log.slice(-2_000)}`);
      }
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** Bytes that its disk has left. */
  async freeBytes(): Promise<number> {
    const { stdout } = await run('df', ['--output=avail', '-B1', join(this.directory, 'root')]);
    return Number(stdout.trim().split('\n').at(-1));
  }

  /** Writes so much of nothing onto its disk; removes it again with 0. */
  async fill(bytes: number): Promise<void> {
    const file = join(this.directory, 'root', 'filling');
    await rm(file, { force: true });
    if (bytes > 0) await run('fallocate', ['-l', String(bytes), file]);
  }

  kill(signal: NodeJS.Signals): void {
    this.daemon.kill(signal);
  }

  async close(): Promise<void> {
    const containerd = Number(
      await readFile(join(this.directory, 'exec/containerd/containerd.pid'), 'utf8').catch(() => ''),
    );
    if (this.daemon.exitCode === null && this.daemon.signalCode === null) {
      const ended = once(this.daemon, 'exit');
      this.daemon.kill('SIGTERM');
      const timer = setTimeout(() => this.daemon.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(timer);
    }
    await endsBy(containerd, 20_000);
    const mounts = await readFile('/proc/self/mounts', 'utf8');
    const below = mounts.split('\n').map((line) => line.split(' ')[1] ?? '');
    for (const path of below.filter((mount) => mount.startsWith(`${this.directory}/`)).reverse()) {
      await run('umount', ['-l', path]);
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A killed daemon leaves its containerd. */
async function endsBy(pid: number, withinMs: number): Promise<void> {
  const isAlive = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  if (!pid || !isAlive()) return;
  process.kill(pid, 'SIGTERM');
  for (const deadline = Date.now() + withinMs; isAlive(); await delay(50)) {
    if (Date.now() > deadline) throw new Error('A containerd does not end.');
  }
}
