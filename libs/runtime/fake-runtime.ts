import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { pause } from './deadline.js';
import { RuntimeFailure, type RuntimeFailureCode } from './failure.js';
import { FakeContainer } from './fake-container.js';
import { FakeEvents } from './fake-events.js';
import { FaultPlan, type FakeMethod } from './fake-faults.js';
import { runFakeProgram, type FakeProgram } from './fake-program.js';
import { isSameIncarnation } from './labels.js';
import type {
  ContainerIdentity,
  ContainerRuntime,
  ContainerSpec,
  EngineInfo,
  Image,
  LogChunk,
  PreparedNode,
  PullProgress,
  RuntimeContainer,
  RuntimeContainerSummary,
  RuntimeEvent,
  RuntimeStats,
} from './port.js';

export interface FakeRuntimeOptions {
  /** References the engine holds from the start. */
  images?: string[];
  /** References it would get from a registry. */
  pullable?: string[];
  /** What main processes do; the default understands simple `sh -c` scripts. */
  program?: FakeProgram;
}

/**
 * An engine in memory that keeps the port's contract, with faults that a test queues in `faults` and changes behind
 * the caller's back: `crash`, `oom`, `stopOutside`, `killOutside`, `removeOutside`, `goDown`, `comeBack`.
 */
export class FakeRuntime implements ContainerRuntime {
  readonly faults = new FaultPlan();
  readonly images = new Set<string>();
  readonly pullable: Set<string>;
  /** By name: whose they are. */
  readonly volumes = new Map<string, Pick<ContainerIdentity, 'tenantId' | 'botId'>>();
  /** Every call, in order, with the container or image it named. */
  readonly calls: { method: FakeMethod; ref: string }[] = [];
  private readonly containers = new Map<string, FakeContainer>();
  private readonly eventHub = new FakeEvents();
  private readonly program: FakeProgram;
  private serial = 0;
  private down = false;

  constructor(options: FakeRuntimeOptions = {}) {
    for (const ref of options.images ?? []) this.images.add(ref);
    this.pullable = new Set(options.pullable);
    this.program = options.program ?? runFakeProgram;
  }

  info(): Promise<EngineInfo> {
    return this.perform('info', '', undefined, () => ({
      engineVersion: 'fake',
      apiVersion: '1.41',
      cpus: 8,
      memoryMb: 16_384,
      containers: this.containers.size,
    }));
  }

  prepareNode(): Promise<PreparedNode> {
    return this.perform('prepareNode', '', undefined, () => ({ network: 'berth', hostFirewall: true, warnings: [] }));
  }

  ensureImage(
    ref: string,
    options: { signal: AbortSignal; onProgress?: (progress: PullProgress) => void },
  ): Promise<Image> {
    return this.perform('ensureImage', ref, options.signal, () => {
      if (this.images.has(ref)) return { ref, id: imageId(ref) };
      if (!this.pullable.has(ref)) throw failure('image_not_found', `There is no image ${ref}.`);
      options.onProgress?.({ percent: null, detail: 'Pulling fs layer' });
      options.onProgress?.({ percent: 50, detail: 'Downloading' });
      options.onProgress?.({ percent: 100, detail: 'Pull complete' });
      this.images.add(ref);
      return { ref, id: imageId(ref) };
    });
  }

  create(spec: ContainerSpec, signal: AbortSignal): Promise<RuntimeContainer> {
    return this.perform('create', spec.name, signal, () => {
      for (const volume of spec.volumes) this.ensureVolume(volume.name, spec.identity);
      const holder = this.lookUp(spec.name);
      if (holder && !isSameIncarnation(holder.spec.identity, spec.identity)) {
        throw failure('name_conflict', 'The name belongs to a container of somebody else.');
      }
      if (holder) return holder.describe();
      if (!this.images.has(spec.image)) {
        throw new RuntimeFailure('image_not_found', 'The image is not on the node.', { retryable: true });
      }
      this.serial += 1;
      const container = new FakeContainer({
        spec,
        imageId: imageId(spec.image),
        serial: this.serial,
        program: this.program,
        emit: (...event) => this.eventHub.emit(...event),
      });
      this.containers.set(container.id, container);
      this.eventHub.emit(container, 'create');
      return container.describe();
    });
  }

  inspect(ref: string, signal?: AbortSignal): Promise<RuntimeContainer | null> {
    return this.perform('inspect', ref, signal, () => this.lookUp(ref)?.describe() ?? null);
  }

  list(signal?: AbortSignal): Promise<RuntimeContainerSummary[]> {
    return this.perform('list', '', signal, () =>
      [...this.containers.values()].map((container) => {
        const { id, name, identity, engineState } = container.describe();
        return { id, name, identity, engineState };
      }),
    );
  }

  start(id: string, signal: AbortSignal): Promise<void> {
    return this.perform('start', id, signal, () => {
      const container = this.find(id);
      if (container.state === 'paused') return this.unfreeze(container);
      if (container.state === 'running' || container.state === 'restarting') return;
      container.start();
      const code = container.exitCode;
      if (container.up || (code !== 126 && code !== 127)) return;
      container.state = 'exited';
      throw new RuntimeFailure('start_failed', 'The container did not start.', { retryable: false, exitCode: code });
    });
  }

  stop(id: string, _timeoutSeconds: number, signal: AbortSignal): Promise<void> {
    return this.perform('stop', id, signal, () => this.endProcess(this.find(id), 143, true));
  }

  kill(id: string, signal: AbortSignal): Promise<void> {
    return this.perform('kill', id, signal, () => this.endProcess(this.find(id), 137, false));
  }

  pause(id: string, signal: AbortSignal): Promise<void> {
    return this.perform('pause', id, signal, () => {
      const container = this.find(id);
      if (container.state === 'paused') return;
      if (!container.up) throw failure('container_not_running', 'The container does not run.');
      container.state = 'paused';
      this.eventHub.emit(container, 'pause');
    });
  }

  resume(id: string, signal: AbortSignal): Promise<void> {
    return this.perform('resume', id, signal, () => {
      const container = this.find(id);
      if (!container.up) throw failure('container_not_running', 'The container does not run.');
      if (container.state === 'paused') this.unfreeze(container);
    });
  }

  remove(id: string, signal: AbortSignal): Promise<void> {
    return this.perform('remove', id, signal, () => this.removeOutside(id));
  }

  removeVolume(name: string, signal: AbortSignal): Promise<void> {
    return this.perform('removeVolume', name, signal, () => {
      const used = [...this.containers.values()].some(({ spec }) => spec.volumes.some((mount) => mount.name === name));
      if (used) throw new RuntimeFailure('docker_error', 'The volume is in use.', { retryable: true });
      this.volumes.delete(name);
    });
  }

  exitWithin(id: string, graceMs: number, signal: AbortSignal): Promise<{ code: number } | null> {
    return this.perform('exitWithin', id, signal, async () => {
      const container = this.find(id);
      const ended = container.state === 'exited' || container.ends > container.endsAtStart;
      if (ended) return { code: container.exitCode ?? 255 };
      const given = new AbortController();
      const end = once(container, 'end', { signal: given.signal }).then(([code]) => ({ code: code as number }));
      end.catch(() => undefined);
      try {
        return await Promise.race([end, pause(graceMs, AbortSignal.any([signal, given.signal])).then(() => null)]);
      } finally {
        given.abort();
      }
    });
  }

  async *events(options: { signal: AbortSignal; since?: Date; onOpen?: () => void }): AsyncGenerator<RuntimeEvent> {
    try {
      await this.perform('events', '', options.signal, () => undefined);
    } catch (error) {
      if (options.signal.aborted) return;
      throw error;
    }
    yield* this.eventHub.watch(options);
  }

  stats(id: string, signal: AbortSignal): Promise<RuntimeStats> {
    return this.perform('stats', id, signal, () => {
      const container = this.find(id);
      if (!container.up) throw failure('container_not_running', 'The container does not run.');
      return {
        cpuPercent: 1.5,
        memoryBytes: 1_048_576,
        memoryLimitBytes: container.spec.resources.memoryMb * 1_048_576,
        pids: 2,
        network: { rxBytes: 100, txBytes: 50 },
        block: { readBytes: 0, writeBytes: 0 },
        disk: { rootBytes: 4_096, dataBytes: container.spec.volumes.length * 4_096 },
        at: new Date().toISOString(),
      };
    });
  }

  async *logs(id: string, options: { tail: number; follow: boolean; signal: AbortSignal }): AsyncGenerator<LogChunk> {
    if (options.signal.aborted) return;
    const container = await this.perform('logs', id, options.signal, () => this.find(id));
    let next = Math.max(0, container.log.length - options.tail);
    const gone = new Promise<void>((resolve) =>
      options.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    while (!options.signal.aborted) {
      const chunk = container.log[next];
      if (chunk) {
        next += 1;
        yield chunk;
      } else if (options.follow && container.up) {
        await Promise.race([once(container, 'log'), once(container, 'end'), gone]);
      } else return;
    }
  }

  close(): Promise<void> {
    this.eventHub.break();
    return Promise.resolve();
  }

  /** The main process ends by itself; the engine restarts it, as it restarts every container that nobody stopped. */
  crash(ref: string, code = 1, options: { restarts?: boolean } = {}): void {
    const container = this.find(ref);
    container.end(code, 'restarting');
    if (options.restarts ?? true) container.launch();
    else container.state = 'exited';
  }

  /** The kernel kills the main process for its memory. */
  oom(ref: string, options: { restarts?: boolean } = {}): void {
    const container = this.find(ref);
    container.oomKilled = true;
    this.eventHub.emit(container, 'oom');
    this.crash(ref, 137, options);
  }

  /** What `docker stop` does behind the caller's back. */
  stopOutside(ref: string): void {
    this.endProcess(this.find(ref), 143, true);
  }

  /** What `docker kill` does behind the caller's back. */
  killOutside(ref: string): void {
    this.endProcess(this.find(ref), 137, false);
  }

  /** What `docker rm -f` does behind the caller's back. */
  removeOutside(ref: string): void {
    const container = this.lookUp(ref);
    if (!container) return;
    if (container.up) this.endProcess(container, 137, false);
    this.containers.delete(container.id);
    this.eventHub.emit(container, 'destroy');
  }

  /** A line of output of the main process. */
  print(ref: string, text: string, stream: LogChunk['stream'] = 'stdout'): void {
    this.find(ref).write({ stream, data: Buffer.from(`${text}\n`) });
  }

  /** The engine stops answering: calls fail, event streams end. Containers stay as they are. */
  goDown(): void {
    this.down = true;
    this.eventHub.break();
  }

  comeBack(): void {
    this.down = false;
  }

  private perform<T>(
    method: FakeMethod,
    ref: string,
    signal: AbortSignal | undefined,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    this.calls.push({ method, ref });
    return this.faults.run(method, signal, () => {
      if (this.down) {
        throw new RuntimeFailure('docker_unavailable', 'The container engine does not answer.', { retryable: true });
      }
      return effect();
    });
  }

  private ensureVolume(name: string, { tenantId, botId }: ContainerIdentity): void {
    const owner = this.volumes.get(name);
    if (owner && (owner.tenantId !== tenantId || owner.botId !== botId)) {
      throw failure('name_conflict', 'The name of the volume belongs to somebody else.');
    }
    this.volumes.set(name, { tenantId, botId });
  }

  private endProcess(container: FakeContainer, code: number, graceful: boolean): void {
    if (container.state === 'restarting') container.state = 'exited';
    if (!container.up) return;
    if (container.state === 'paused') this.unfreeze(container);
    this.eventHub.emit(container, 'kill');
    container.end(code, 'exited');
    if (graceful) this.eventHub.emit(container, 'stop');
  }

  private unfreeze(container: FakeContainer): void {
    container.state = 'running';
    this.eventHub.emit(container, 'unpause');
  }

  private lookUp(ref: string): FakeContainer | undefined {
    return this.containers.get(ref) ?? [...this.containers.values()].find((container) => container.spec.name === ref);
  }

  private find(ref: string): FakeContainer {
    const container = this.lookUp(ref);
    if (!container) throw failure('container_not_found', 'The container does not exist.');
    return container;
  }
}

function imageId(ref: string): string {
  return `sha256:${createHash('sha256').update(ref).digest('hex')}`;
}

function failure(code: RuntimeFailureCode, message: string): RuntimeFailure {
  return new RuntimeFailure(code, message, { retryable: false });
}
