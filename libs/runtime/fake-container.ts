import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { FakeFiles } from './fake-files.js';
import type { FakeImage } from './fake-images.js';
import type { ContainerSpec, EngineState, LogChunk, RuntimeContainer, RuntimeEvent, VolumeMount } from './port.js';
import type { FakeProgram } from './fake-program.js';

export type EmitEvent = (container: FakeContainer, action: RuntimeEvent['action'], exitCode?: number) => void;

interface FakeContainerParts {
  spec: ContainerSpec;
  image: FakeImage;
  mounts: VolumeMount[];
  serial: number;
  program: FakeProgram;
  emit: EmitEvent;
}

/** One container of the fake engine: its state, its main process, its files, its log. Emits `end` (code) and `log`. */
export class FakeContainer extends EventEmitter {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly image: FakeImage;
  readonly mounts: readonly VolumeMount[];
  /** The root filesystem. What a volume hides is in it, too. */
  readonly root: FakeFiles;
  readonly log: LogChunk[] = [];
  state: EngineState = 'created';
  oomKilled = false;
  /** Of the last end. */
  exitCode: number | null = null;
  /** Ends so far, and how many there were at the last start that was asked for. */
  ends = 0;
  endsAtStart = 0;
  private startedAt: string | null = null;
  private finishedAt: string | null = null;
  private readonly createdAt = new Date().toISOString();

  constructor(private readonly parts: FakeContainerParts) {
    super();
    this.setMaxListeners(0);
    this.spec = structuredClone(parts.spec);
    this.image = parts.image;
    this.mounts = parts.mounts;
    this.root = new Map(parts.image.files);
    this.id = createHash('sha256').update(`${parts.spec.name}#${parts.serial}`).digest('hex');
  }

  get up(): boolean {
    return this.state === 'running' || this.state === 'paused';
  }

  start(): void {
    this.endsAtStart = this.ends;
    this.launch();
  }

  /** The main process begins, for the first time or again. */
  launch(): void {
    this.state = 'running';
    this.oomKilled = false;
    this.startedAt = new Date().toISOString();
    this.parts.emit(this, 'start');
    const { command, env } = this.spec;
    const run = this.parts.program(command, command ? env : {});
    for (const chunk of run.output) this.write(chunk);
    if (run.exitCode !== null) this.end(run.exitCode, 'restarting');
  }

  end(code: number, state: 'exited' | 'restarting'): void {
    this.state = state;
    this.exitCode = code;
    this.ends += 1;
    this.finishedAt = new Date().toISOString();
    this.parts.emit(this, 'die', code);
    this.emit('end', code);
  }

  write(chunk: LogChunk): void {
    this.log.push(chunk);
    this.emit('log');
  }

  describe(): RuntimeContainer {
    return {
      id: this.id,
      name: this.spec.name,
      identity: { ...this.spec.identity },
      engineState: this.state,
      image: { ref: this.spec.image, id: this.image.id },
      resources: { ...this.spec.resources },
      idle: this.spec.command === null,
      exitCode: this.up ? null : this.exitCode,
      oomKilled: this.oomKilled,
      startedAt: this.startedAt,
      finishedAt: this.finishedAt,
      createdAt: this.createdAt,
      mounts: this.mounts.map(({ name, target }) => ({
        name,
        container: target,
        host: `/var/lib/fake/volumes/${name}/_data`,
      })),
    };
  }
}
