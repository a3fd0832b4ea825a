import { createHash } from 'node:crypto';
import { FakeContainer } from './fake-container.js';
import { FakeEvents } from './fake-events.js';
import { runFakeProgram, type FakeProgram } from './fake-program.js';
import { RuntimeFailure, type RuntimeFailureCode } from './failure.js';
import type { ContainerIdentity, ContainerSpec, LogChunk } from './port.js';

export interface FakeRuntimeOptions {
  /** References the engine holds from the start. */
  images?: string[];
  /** References it would get from a registry. */
  pullable?: string[];
  /** What main processes do; the default understands simple `sh -c` scripts. */
  program?: FakeProgram;
}

/** What the fake's engine holds, and what may happen to it behind the caller's back. */
export class FakeEngine {
  readonly images = new Set<string>();
  readonly pullable: Set<string>;
  /** By name: whose they are. */
  readonly volumes = new Map<string, Pick<ContainerIdentity, 'tenantId' | 'botId'>>();
  protected readonly containers = new Map<string, FakeContainer>();
  protected readonly eventHub = new FakeEvents();
  protected down = false;
  private readonly program: FakeProgram;
  private serial = 0;

  constructor(options: FakeRuntimeOptions = {}) {
    for (const ref of options.images ?? []) this.images.add(ref);
    this.pullable = new Set(options.pullable);
    this.program = options.program ?? runFakeProgram;
  }

  /**
   * The main process ends by itself; the engine restarts it, as it restarts every container that nobody stopped: at
   * once, or `later`, which never comes.
   */
  crash(ref: string, code = 1, { restarts = true }: { restarts?: boolean | 'later' } = {}): void {
    const container = this.find(ref);
    container.end(code, 'restarting');
    if (restarts === true) container.launch();
    else if (!restarts) container.state = 'exited';
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
    if (!this.lookUp(ref)) return;
    const container = this.beginRemoval(ref);
    this.containers.delete(container.id);
    this.eventHub.emit(container, 'destroy');
  }

  /** The first half of it: the process is dead, its files are not gone. */
  beginRemoval(ref: string): FakeContainer {
    const container = this.find(ref);
    if (container.up) this.endProcess(container, 137, false);
    container.state = 'removing';
    return container;
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

  protected addContainer(spec: ContainerSpec): FakeContainer {
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
    return container;
  }

  protected ensureVolume(name: string, { tenantId, botId }: ContainerIdentity): void {
    const owner = this.volumes.get(name);
    if (owner && (owner.tenantId !== tenantId || owner.botId !== botId)) {
      throw permanentFailure('name_conflict', 'The name of the volume belongs to somebody else.');
    }
    this.volumes.set(name, { tenantId, botId });
  }

  protected endProcess(container: FakeContainer, code: number, graceful: boolean): void {
    if (container.state === 'restarting') container.state = 'exited';
    if (!container.up) return;
    if (container.state === 'paused') this.unfreeze(container);
    this.eventHub.emit(container, 'kill');
    container.end(code, 'exited');
    if (graceful) this.eventHub.emit(container, 'stop');
  }

  protected unfreeze(container: FakeContainer): void {
    container.state = 'running';
    this.eventHub.emit(container, 'unpause');
  }

  protected lookUp(ref: string): FakeContainer | undefined {
    return this.containers.get(ref) ?? [...this.containers.values()].find((container) => container.spec.name === ref);
  }

  protected find(ref: string): FakeContainer {
    const container = this.lookUp(ref);
    if (!container) throw permanentFailure('container_not_found', 'The container does not exist.');
    return container;
  }
}

export function imageId(ref: string): string {
  return `sha256:${createHash('sha256').update(ref).digest('hex')}`;
}

/** A failure that the same call meets again. */
export function permanentFailure(code: RuntimeFailureCode, message: string): RuntimeFailure {
  return new RuntimeFailure(code, message, { retryable: false });
}
