import type { ContainerInspectInfo } from 'dockerode';
import type { EngineConnection } from './engine-connection.js';
import { runProgram } from './program.js';

/** How long a caller waits; a measurement that takes longer goes on and is told the next time. */
const WAIT_MS = 500;
const MEASURE_MS = 20_000;
const FRESH_MS = 30_000;
const MAX_ENTRIES = 2_000;

export interface DiskUsage {
  rootBytes: number | null;
  dataBytes: number | null;
}

interface Entry {
  usage: DiskUsage;
  measuredAt: number;
  running: Promise<void> | null;
}

/** What containers take on disk, measured at most twice a minute each. */
export class DiskUsages {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly engine: EngineConnection) {}

  forget(id: string): void {
    this.entries.delete(id);
  }

  /** Null parts could not be told in time. */
  async read(info: ContainerInspectInfo): Promise<DiskUsage> {
    const entry = this.entries.get(info.Id) ?? {
      usage: { rootBytes: null, dataBytes: null },
      measuredAt: Number.NEGATIVE_INFINITY,
      running: null,
    };
    this.entries.set(info.Id, entry);
    this.dropOldest();
    if (Date.now() - entry.measuredAt < FRESH_MS) return entry.usage;
    entry.running ??= this.measure(entry, info).finally(() => {
      entry.running = null;
    });
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, WAIT_MS);
    });
    await Promise.race([entry.running, waited]);
    clearTimeout(timer);
    return entry.usage;
  }

  private async measure(entry: Entry, info: ContainerInspectInfo): Promise<void> {
    const usage: DiskUsage = { rootBytes: null, dataBytes: null };
    entry.usage = usage;
    await Promise.all([
      this.rootBytes(info.Id).then((bytes) => {
        usage.rootBytes = bytes;
      }),
      this.dataBytes(info).then((bytes) => {
        usage.dataBytes = bytes;
      }),
    ]);
    entry.measuredAt = Date.now();
  }

  /** The container's own layer. */
  private async rootBytes(id: string): Promise<number | null> {
    try {
      const info = (await this.engine.call('inspect size', { deadlineMs: MEASURE_MS }, (abortSignal) =>
        this.engine.getJson(`/containers/${id}/json?size=true`, abortSignal),
      )) as { SizeRw?: number };
      return info.SizeRw ?? 0;
    } catch {
      return null;
    }
  }

  private async dataBytes(info: ContainerInspectInfo): Promise<number | null> {
    const volumes = info.Mounts.filter((mount) => mount.Type === 'volume');
    if (volumes.length === 0) return 0;
    if (!this.engine.local) return null;
    try {
      const paths = volumes.map((mount) => mount.Source);
      const output = await runProgram('du', ['-s', '-x', '-B1', '--', ...paths], { timeoutMs: MEASURE_MS });
      return output
        .trim()
        .split('\n')
        .reduce((sum, line) => sum + Number.parseInt(line, 10), 0);
    } catch {
      return null;
    }
  }

  private dropOldest(): void {
    const oldest = this.entries.keys().next();
    if (this.entries.size > MAX_ENTRIES && !oldest.done) this.entries.delete(oldest.value);
  }
}
