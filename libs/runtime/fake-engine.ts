import { createHash } from 'node:crypto';
import { FakeContainer } from './fake-container.js';
import { FakeEvents } from './fake-events.js';
import { FaultPlan, type FakeMethod } from './fake-faults.js';
import { filesBeneath, type FakeFiles } from './fake-files.js';
import { FakeImages, type FakeImage } from './fake-images.js';
import { runFakeProgram, type FakeProgram } from './fake-program.js';
import { RuntimeFailure, type RuntimeFailureCode } from './failure.js';
import type { VolumeOwner } from './identity.js';
import type { ContainerSpec, LogChunk, VolumeMount } from './port.js';
import { volumesOf } from './volumes.js';

export interface FakeRuntimeOptions {
  /** References the engine holds from the start. */
  images?: string[];
  /** References it would get from a registry. */
  pullable?: string[];
  /** What main processes do; the default understands simple `sh -c` scripts. */
  program?: FakeProgram;
}

export interface FakeVolume extends VolumeOwner {
  /** By path from the volume's root. */
  files: FakeFiles;
  createdAt: string;
}

/** What the fake's engine holds, and what may happen to it behind the caller's back. */
export class FakeEngine {
  readonly faults = new FaultPlan();
  /** Every call, in order, with the container or image it named. */
  readonly calls: { method: FakeMethod; ref: string }[] = [];
  readonly images = new FakeImages((image) => [...this.containers.values()].some((made) => made.image === image));
  readonly pullable: Set<string>;
  /** By name. */
  readonly volumes = new Map<string, FakeVolume>();
  /** Helper containers that a killed worker left, by id. */
  readonly helpers = new Map<string, { labels: Record<string, string>; createdAt: string }>();
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
    this.images.collect();
    this.eventHub.emit(container, 'destroy');
  }

  /** Writes a file as a process of the container would: into a volume where one is mounted on the way. */
  writeFile(ref: string, path: string, text: string): void {
    const { files, name } = this.place(this.find(ref), path);
    files.set(name, text);
  }

  /** Null where there is no such file. */
  readFile(ref: string, path: string): string | null {
    const { files, name } = this.place(this.find(ref), path);
    return files.get(name) ?? null;
  }

  removeFile(ref: string, path: string): void {
    const { files, name } = this.place(this.find(ref), path);
    files.delete(name);
  }

  /** Every file that a process of the container sees, by its path there. */
  filesOf(ref: string): Record<string, string> {
    const container = this.find(ref);
    const own = [...container.root].filter(([path]) => this.place(container, path).files === container.root);
    const mounted = container.mounts.flatMap(({ name, target }) =>
      [...(this.volumes.get(name)?.files ?? [])].map(([path, text]) => [target + path, text] as const),
    );
    return Object.fromEntries([...own, ...mounted].sort());
  }

  /** What a worker leaves that is killed as it archives or unpacks. Returns the helper's id. */
  leaveHelper(labels: Record<string, string> = {}, ageMs = 0): string {
    this.serial += 1;
    const id = hashOf(`helper#${this.serial}`);
    this.helpers.set(id, { labels, createdAt: new Date(Date.now() - ageMs).toISOString() });
    return id;
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

  protected perform<T>(
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

  protected addContainer(spec: ContainerSpec, image: FakeImage): FakeContainer {
    this.serial += 1;
    const mounts = volumesOf(spec, image.volumes);
    for (const mount of mounts) this.ensureVolume(mount, spec, image);
    const container = new FakeContainer({
      spec,
      image,
      mounts,
      serial: this.serial,
      program: this.program,
      emit: (...event) => this.eventHub.emit(...event),
    });
    this.containers.set(container.id, container);
    this.eventHub.emit(container, 'create');
    return container;
  }

  private ensureVolume({ name, target }: VolumeMount, spec: ContainerSpec, image: FakeImage): void {
    const { tenantId, botId } = spec.identity;
    this.checkVolume(name, spec.identity);
    const { files, createdAt } = this.volumes.get(name) ?? { files: new Map(), createdAt: new Date().toISOString() };
    this.volumes.set(name, { tenantId, botId, files, createdAt });
    if (files.size > 0 || spec.emptyVolumes) return;
    for (const [path, text] of filesBeneath(image.files, target)) files.set(path, text);
  }

  protected checkVolume(name: string, { tenantId, botId }: VolumeOwner): void {
    const owner = this.volumes.get(name);
    if (owner && (owner.tenantId !== tenantId || owner.botId !== botId)) {
      throw permanentFailure('name_conflict', 'The name of the volume belongs to somebody else.');
    }
  }

  /** Where a path leads: the files of the innermost volume on the way, else the container's own. */
  private place(container: FakeContainer, path: string): { files: FakeFiles; name: string } {
    const mount = container.mounts
      .filter(({ target }) => path.startsWith(`${target}/`))
      .sort((a, b) => b.target.length - a.target.length)[0];
    const volume = mount && this.volumes.get(mount.name);
    return volume
      ? { files: volume.files, name: path.slice(mount.target.length) }
      : { files: container.root, name: path };
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

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A failure that the same call meets again. */
export function permanentFailure(code: RuntimeFailureCode, message: string): RuntimeFailure {
  return new RuntimeFailure(code, message, { retryable: false });
}
