import { randomBytes } from 'node:crypto';
import { RuntimeFailure } from '../failure.js';
import type { ContainerIdentity, VolumeOwner } from '../identity.js';
import type { ContainerRuntime, ContainerSpec, LogChunk, RuntimeEvent } from '../port.js';

/** Makes specs with names of their own and removes whatever became of them. */
export class SpecFactory {
  readonly tenantId = `t${randomBytes(4).toString('hex')}`;
  private readonly names = new Set<string>();
  private readonly owners = new Map<string, VolumeOwner>();
  private serial = 0;

  constructor(private readonly image: string) {}

  make(parts: Partial<ContainerSpec> = {}): ContainerSpec {
    this.serial += 1;
    const botId = `bot-${this.serial}`;
    const spec: ContainerSpec = {
      name: `berth-${this.tenantId}-${botId}-1`,
      hostname: botId,
      image: this.image,
      command: null,
      env: {},
      resources: { cpus: 0.5, memoryMb: 64, pids: 64 },
      network: 'internet',
      identity: { tenantId: this.tenantId, botId, incarnation: 1, operationId: `op-${this.serial}` },
      volumes: [{ name: `berth-${this.tenantId}-${botId}-data`, target: '/data' }],
      ...parts,
    };
    this.names.add(spec.name);
    this.owners.set(`${spec.identity.tenantId} ${spec.identity.botId}`, spec.identity);
    return spec;
  }

  async cleanUp(runtime: ContainerRuntime): Promise<void> {
    const signal = AbortSignal.timeout(28_000);
    for (const name of this.names) await runtime.remove(name, signal);
    for (const owner of this.owners.values()) {
      for (const volume of await runtime.listVolumes(owner, signal)) await runtime.removeVolume(volume, owner, signal);
    }
    this.owners.clear();
    this.names.clear();
  }
}

/** Collects events of one container until closed. */
export class EventLog {
  readonly events: RuntimeEvent[] = [];
  readonly opened: Promise<void>;
  private readonly controller = new AbortController();
  readonly ended: Promise<void>;
  private wake: () => void = () => undefined;

  constructor(runtime: ContainerRuntime, options: { identity?: ContainerIdentity; since?: Date }) {
    let onOpen: () => void = () => undefined;
    this.opened = new Promise<void>((resolve) => {
      onOpen = resolve;
    });
    this.ended = this.read(
      runtime.events({ signal: this.controller.signal, since: options.since, onOpen }),
      options.identity,
    );
  }

  actions(): string[] {
    return this.events.map(({ action }) => action);
  }

  /** The nth event of this kind, seen already or to come within 10 s. */
  async until(action: RuntimeEvent['action'], nth = 1): Promise<RuntimeEvent> {
    const deadline = AbortSignal.timeout(10_000);
    for (;;) {
      const found = this.events.filter((event) => event.action === action)[nth - 1];
      if (found) return found;
      await new Promise<void>((resolve, reject) => {
        this.wake = resolve;
        deadline.addEventListener('abort', () => reject(new Error(`No ${action}; saw ${this.actions().join(', ')}`)));
      });
    }
  }

  async close(): Promise<void> {
    this.controller.abort();
    await this.ended;
  }

  private async read(source: AsyncIterable<RuntimeEvent>, identity: ContainerIdentity | undefined): Promise<void> {
    for await (const event of source) {
      if (identity && event.identity?.botId !== identity.botId) continue;
      if (identity && event.identity?.tenantId !== identity.tenantId) continue;
      this.events.push(event);
      this.wake();
    }
  }
}

/** What the promise failed with; throws where it did not, or with something else than a RuntimeFailure. */
export async function failureOf(promise: Promise<unknown>): Promise<RuntimeFailure> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RuntimeFailure) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}

export async function readText(logs: AsyncIterable<LogChunk>): Promise<string> {
  let text = '';
  for await (const chunk of logs) text += chunk.data.toString();
  return text;
}
