/** The engine's answer to a one-shot stats call, as far as it is used. Counters are bytes and nanoseconds. */
export interface StatsSample {
  cpu_stats?: {
    cpu_usage?: { total_usage?: number; percpu_usage?: number[] | null };
    system_cpu_usage?: number;
    online_cpus?: number;
  };
  memory_stats?: { usage?: number; limit?: number; stats?: Record<string, number> };
  pids_stats?: { current?: number };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }> | null;
  blkio_stats?: { io_service_bytes_recursive?: { op: string; value: number }[] | null };
}

/** Processor time at one moment. */
export interface CpuMark {
  containerNs: number;
  systemNs: number;
  atMs: number;
}

export function cpuMark(sample: StatsSample, atMs: number): CpuMark {
  return {
    containerNs: sample.cpu_stats?.cpu_usage?.total_usage ?? 0,
    systemNs: sample.cpu_stats?.system_cpu_usage ?? 0,
    atMs,
  };
}

/** 100 is one CPU in full use, as the docker CLI counts. */
export function cpuPercent(from: CpuMark, to: CpuMark, sample: StatsSample): number {
  const container = to.containerNs - from.containerNs;
  const system = to.systemNs - from.systemNs;
  if (container <= 0 || system <= 0) return 0;
  const cpus = sample.cpu_stats?.online_cpus ?? sample.cpu_stats?.cpu_usage?.percpu_usage?.length ?? 1;
  return Math.round((container / system) * cpus * 100 * 100) / 100;
}

/** Without the page cache that the kernel would drop first: `total_inactive_file` on cgroup v1, `inactive_file` on v2. */
export function memoryBytes(sample: StatsSample): number {
  const usage = sample.memory_stats?.usage ?? 0;
  const detail = sample.memory_stats?.stats ?? {};
  const inactive = detail.total_inactive_file ?? detail.inactive_file ?? 0;
  return inactive < usage ? usage - inactive : usage;
}

export function networkBytes(sample: StatsSample): { rxBytes: number; txBytes: number } {
  const interfaces = Object.values(sample.networks ?? {});
  return {
    rxBytes: interfaces.reduce((sum, each) => sum + each.rx_bytes, 0),
    txBytes: interfaces.reduce((sum, each) => sum + each.tx_bytes, 0),
  };
}

/** cgroup v1 says Read and Write, v2 read and write. */
export function blockBytes(sample: StatsSample): { readBytes: number; writeBytes: number } {
  const entries = sample.blkio_stats?.io_service_bytes_recursive ?? [];
  const total = (op: string) =>
    entries.filter((entry) => entry.op.toLowerCase() === op).reduce((sum, entry) => sum + entry.value, 0);
  return { readBytes: total('read'), writeBytes: total('write') };
}
