import { NODE_FLAGS } from '#platform';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { exitOf, spawnBound } from './child.js';
import { projectRoot } from './environment.js';

const MAX_LOG_CHARS = 4_000_000;

/** One service as its own process, from dist/, as an installation runs it. */
export class ServiceProcess {
  private child: ChildProcess | undefined;
  private output = '';

  constructor(
    readonly name: 'api' | 'worker',
    private readonly env: Record<string, string>,
  ) {}

  start(): void {
    if (this.running) throw new Error(`${this.name} runs already`);
    const main = join(projectRoot(), `dist/services/${this.name}/main.js`);
    const child = spawnBound(process.execPath, [...NODE_FLAGS, main], {
      cwd: projectRoot(),
      // Nothing of the test's own settings: what is not said here has its default.
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.output = (this.output + chunk).slice(-MAX_LOG_CHARS);
      });
    }
    this.child = child;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Everything written since the first start. */
  logs(): string {
    return this.output;
  }
  /** The last lines, for a failure's message. */
  lastLogs(lines = 25): string {
    return this.output.trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** `SIGKILL` is a crash, `SIGTERM` an orderly end; `SIGSTOP` and `SIGCONT` make a zombie of it and back. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.child || !this.running) return;
    this.child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await exitOf(this.child);
  }

  async restart(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.kill(signal);
    this.start();
  }

  /** Orderly, then by force after 10 s. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => void this.kill('SIGKILL'), 10_000);
    await this.kill('SIGTERM');
    clearTimeout(timer);
  }
}
