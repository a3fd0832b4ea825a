import type { Resources } from '#domain';
import { once } from 'node:events';
import { pause } from './deadline.js';
import { RuntimeFailure } from './failure.js';
import { permanentFailure } from './fake-engine.js';
import { FakeSnapshots } from './fake-snapshots.js';
import type { VolumeOwner } from './identity.js';
import { isSameIncarnation } from './labels.js';
import type {
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

/**
 * An engine in memory that keeps the port's contract, with faults that a test queues in `faults` and changes behind
 * the caller's back: `crash`, `oom`, `stopOutside`, `killOutside`, `removeOutside`, `goDown`, `comeBack`. Its containers have files: `writeFile`, `readFile`,
 * `filesOf`.
 */
export class FakeRuntime extends FakeSnapshots implements ContainerRuntime {
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
      const present = this.images.find(ref);
      if (present) return { ref, id: present.id };
      if (!this.pullable.has(ref)) throw permanentFailure('image_not_found', `There is no image ${ref}.`);
      options.onProgress?.({ percent: null, detail: 'Pulling fs layer' });
      options.onProgress?.({ percent: 50, detail: 'Downloading' });
      options.onProgress?.({ percent: 100, detail: 'Pull complete' });
      return { ref, id: this.images.add(ref).id };
    });
  }

  create(spec: ContainerSpec, signal: AbortSignal): Promise<RuntimeContainer> {
    return this.perform('create', spec.name, signal, () => {
      for (const { name } of spec.volumes) this.checkVolume(name, spec.identity);
      const holder = this.lookUp(spec.name);
      if (holder && !isSameIncarnation(holder.spec.identity, spec.identity)) {
        throw permanentFailure('name_conflict', 'The name belongs to a container of somebody else.');
      }
      if (holder) return holder.describe();
      const image = this.images.find(spec.image);
      if (!image) throw new RuntimeFailure('image_not_found', 'The image is not on the node.', { retryable: true });
      return this.addContainer(spec, image).describe();
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

  update(id: string, resources: Resources, signal: AbortSignal): Promise<boolean> {
    return this.perform('update', id, signal, () => {
      this.find(id).spec.resources = { ...resources };
      return true;
    });
  }

  pause(id: string, signal: AbortSignal): Promise<void> {
    return this.perform('pause', id, signal, () => {
      const container = this.find(id);
      if (container.state === 'paused') return;
      if (!container.up) throw permanentFailure('container_not_running', 'The container does not run.');
      container.state = 'paused';
      this.eventHub.emit(container, 'pause');
    });
  }

  resume(id: string, signal: AbortSignal): Promise<void> {
    return this.perform('resume', id, signal, () => {
      const container = this.find(id);
      if (!container.up) throw permanentFailure('container_not_running', 'The container does not run.');
      if (container.state === 'paused') this.unfreeze(container);
    });
  }

  remove(id: string, signal: AbortSignal): Promise<void> {
    return this.perform('remove', id, signal, () => this.removeOutside(id));
  }

  removeVolume(name: string, owner: VolumeOwner, signal: AbortSignal): Promise<void> {
    return this.perform('removeVolume', name, signal, () => {
      const made = this.volumes.get(name);
      if (made?.tenantId !== owner.tenantId || made.botId !== owner.botId) return;
      const used = [...this.containers.values()].some(({ mounts }) => mounts.some((mount) => mount.name === name));
      if (used) throw new RuntimeFailure('docker_error', 'The volume is in use.', { retryable: true });
      this.volumes.delete(name);
    });
  }

  exitWithin(id: string, graceMs: number, signal: AbortSignal): Promise<{ code: number } | null> {
    return this.perform('exitWithin', id, signal, async () => {
      const container = this.find(id);
      const started = container.state !== 'created';
      if (started && (!container.up || container.ends > container.endsAtStart))
        return { code: container.exitCode ?? 255 };
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
      if (!container.up) throw permanentFailure('container_not_running', 'The container does not run.');
      return {
        cpuPercent: 1.5,
        memoryBytes: 1_048_576,
        memoryLimitBytes: container.spec.resources.memoryMb * 1_048_576,
        pids: 2,
        network: { rxBytes: 100, txBytes: 50 },
        block: { readBytes: 0, writeBytes: 0 },
        disk: { rootBytes: 4_096, dataBytes: container.mounts.length * 4_096 },
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
}
