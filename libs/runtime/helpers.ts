import { randomUUID } from 'node:crypto';
import type { ContainerCreateOptions, ContainerInfo, MountSettings } from 'dockerode';
import { DEADLINE_MS } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { OWNER_LABEL } from './engine-owner.js';
import { engineStatus } from './failures.js';
import type { ListedImage } from './image-port.js';
import { MANAGED_LABEL } from './labels.js';
import { Making } from './making.js';

/** On every helper, with the time of its making. */
const HELPER_LABEL = 'berth.helper';
const NAME_PREFIX = 'berth-helper-';

export interface HelperParts {
  image: string;
  labels?: Record<string, string>;
  /** Volume to have at this path. */
  volume?: { name: string; path: string; readOnly: boolean };
  /** Paths that the image declares as a VOLUME, at which the engine is to make none. */
  declared?: string[];
}

/** A container that is never started: the engine's archive calls read and write the files of one. */
export interface Helper {
  id: string;
  /** Once, however often it is called; never fails, since a sweep finds what is left. */
  remove(): Promise<void>;
}

/** Containers that only stand for an image or a volume while their files are read or written. */
export class Helpers {
  constructor(
    private readonly engine: EngineConnection,
    private readonly owner: string,
  ) {}

  async create(parts: HelperParts, signal: AbortSignal): Promise<Helper> {
    const name = NAME_PREFIX + randomUUID();
    const making = new Making(
      (abortSignal) =>
        this.engine.docker.createContainer({
          _query: { name },
          _body: helperConfig(parts, this.owner),
          abortSignal,
        } as object),
      ({ id }) => this.remove(id),
    );
    try {
      const { id } = await this.engine.call(
        'create helper',
        { deadlineMs: DEADLINE_MS.create, signal },
        () => making.made,
      );
      let removal: Promise<void> | null = null;
      return { id, remove: () => (removal ??= this.remove(id).catch(() => undefined)) };
    } catch (error) {
      making.abandon();
      throw error;
    }
  }

  /** Those of this node. */
  async list(signal: AbortSignal, label?: string): Promise<ListedImage[]> {
    const labels = [HELPER_LABEL, `${OWNER_LABEL}=${this.owner}`, ...(label === undefined ? [] : [label])];
    const found = await this.engine.call('list', { deadlineMs: DEADLINE_MS.list, signal }, (abortSignal) =>
      this.engine.docker.listContainers({ all: true, filters: { label: labels }, abortSignal }),
    );
    return found
      .filter(isHelper)
      .map(({ Id, Labels }) => ({ ref: Id, labels: { ...Labels }, createdAt: Labels[HELPER_LABEL] ?? '' }));
  }

  /** Removes those of this node made before that moment. Returns how many. */
  async sweep(before: number, signal: AbortSignal): Promise<number> {
    const old = (await this.list(signal)).filter(({ createdAt }) => Date.parse(createdAt) <= before);
    for (const { ref } of old) await this.remove(ref, signal);
    return old.length;
  }

  /** Removes those that hold a volume which is to go: nobody else drives this engine, so they were left by a killed worker. */
  async letGo(volume: string, signal: AbortSignal): Promise<boolean> {
    const holders = await this.engine.call('list', { deadlineMs: DEADLINE_MS.list, signal }, (abortSignal) =>
      this.engine.docker.listContainers({
        all: true,
        filters: { label: [HELPER_LABEL, `${OWNER_LABEL}=${this.owner}`], volume: [volume] },
        abortSignal,
      }),
    );
    for (const { Id } of holders.filter(isHelper)) await this.remove(Id, signal);
    return holders.some(isHelper);
  }

  async remove(id: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.engine.call('remove helper', { deadlineMs: DEADLINE_MS.tidy, signal }, (abortSignal) =>
        this.engine.docker.getContainer(id).remove({ v: true, force: true, abortSignal }),
      );
    } catch (error) {
      // 409: somebody else has begun to.
      const status = engineStatus(error);
      if (status !== 404 && status !== 409) throw error;
    }
  }
}

/** An image can bring any label, so that a container of it would look like a helper; it would not look like this. */
function isHelper({ Names, Labels, State }: ContainerInfo): boolean {
  return State === 'created' && Labels[MANAGED_LABEL] === '' && (Names[0] ?? '').startsWith(`/${NAME_PREFIX}`);
}

function helperConfig({ image, labels, volume, declared }: HelperParts, owner: string): ContainerCreateOptions {
  return {
    Image: image,
    Entrypoint: [],
    Cmd: ['never'],
    Labels: { ...labels, [MANAGED_LABEL]: '', [OWNER_LABEL]: owner, [HELPER_LABEL]: new Date().toISOString() },
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      Mounts: [
        ...(volume ? [volumeMount(volume)] : []),
        ...(declared ?? []).map((path): MountSettings => ({ Type: 'tmpfs', Source: '', Target: path })),
      ],
    },
  };
}

function volumeMount({ name, path, readOnly }: NonNullable<HelperParts['volume']>): MountSettings {
  return {
    Type: 'volume',
    Source: name,
    Target: path,
    ReadOnly: readOnly,
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
  };
}
