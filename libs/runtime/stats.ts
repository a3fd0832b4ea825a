import { DEADLINE_MS, pause } from './deadline.js';
import { DiskUsages } from './disk-usage.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import { isUp, requireContainer } from './inspect.js';
import type { RuntimeStats } from './port.js';
import {
  blockBytes,
  cpuMark,
  cpuPercent,
  memoryBytes,
  networkBytes,
  type CpuMark,
  type StatsSample,
} from './stats-sample.js';

/** A load is measured between two samples: closer ones are noise, farther ones are history. */
const MIN_AGE_MS = 200;
const MAX_AGE_MS = 30_000;
const SECOND_SAMPLE_MS = 150;

/** Samples running containers, remembering each one's last processor time. */
export class StatsReader {
  private readonly marks = new Map<string, CpuMark>();
  private readonly disks: DiskUsages;

  constructor(private readonly engine: EngineConnection) {
    this.disks = new DiskUsages(engine);
  }

  forget(id: string): void {
    this.marks.delete(id);
    this.disks.forget(id);
  }

  async read(ref: string, signal: AbortSignal): Promise<RuntimeStats> {
    const info = await requireContainer(this.engine, ref, signal);
    if (!isUp(info)) throw notRunning();
    const [{ percent, sample }, disk] = await Promise.all([this.measureCpu(info.Id, signal), this.disks.read(info)]);
    return {
      cpuPercent: percent,
      memoryBytes: memoryBytes(sample),
      memoryLimitBytes: sample.memory_stats?.limit ?? info.HostConfig.Memory ?? 0,
      pids: sample.pids_stats?.current ?? 0,
      network: networkBytes(sample),
      block: blockBytes(sample),
      disk: { ...disk },
      at: new Date().toISOString(),
    };
  }

  private async measureCpu(id: string, signal: AbortSignal): Promise<{ percent: number; sample: StatsSample }> {
    const first = await this.sample(id, signal);
    const now = cpuMark(first, Date.now());
    const before = this.marks.get(id);
    const age = before ? now.atMs - before.atMs : Number.POSITIVE_INFINITY;
    // A restart sets the counter back.
    if (before && age >= MIN_AGE_MS && age <= MAX_AGE_MS && now.containerNs >= before.containerNs) {
      this.remember(id, now);
      return { percent: cpuPercent(before, now, first), sample: first };
    }
    await pause(SECOND_SAMPLE_MS, signal);
    const second = await this.sample(id, signal);
    const later = cpuMark(second, Date.now());
    this.remember(id, later);
    return { percent: cpuPercent(now, later, second), sample: second };
  }

  private async sample(id: string, signal: AbortSignal): Promise<StatsSample> {
    const options = { deadlineMs: DEADLINE_MS.stats, signal };
    const sample = (await this.engine.call('stats', options, (abortSignal) =>
      this.engine.getJson(`/containers/${id}/stats?stream=false&one-shot=true`, abortSignal),
    )) as StatsSample;
    // What a container that ended in the meantime answers: no error, and nothing measured.
    if (sample.cpu_stats?.system_cpu_usage === undefined && sample.memory_stats?.usage === undefined)
      throw notRunning();
    return sample;
  }

  private remember(id: string, mark: CpuMark): void {
    for (const [known, { atMs }] of this.marks) {
      if (mark.atMs - atMs > MAX_AGE_MS) this.marks.delete(known);
    }
    this.marks.set(id, mark);
  }
}

function notRunning(): RuntimeFailure {
  return new RuntimeFailure('container_not_running', 'The container does not run.', { retryable: false });
}
