import { SAFETY_KEPT } from '#domain';
import type { Acceptance } from '#operations';
import type { BotStore, SnapshotStore } from '#persistence';
import type { Log } from '#platform';
import type { ContainerRuntime } from '#runtime';
import { validate as isUuid } from 'uuid';
import { SNAPSHOT_KIND } from './handlers/capture.js';

const BATCH = 100;

interface HousekeepingParts {
  nodeId: string;
  runtime: ContainerRuntime;
  bots: Pick<BotStore, 'find'>;
  snapshots: Pick<SnapshotStore, 'needed' | 'surplus'>;
  acceptance: Pick<Acceptance, 'accept'>;
  /**
   * What is younger may belong to an operation that is about to record it, or to be tried again. Also how often it is
   * looked for. Milliseconds.
   */
  leftoverMs: number;
  /** When the oldest operation that runs here began, in ms since the epoch; null where none does. */
  busySince: () => number | null;
  log: Log;
}

/** Keeps a node tidy: safety snapshots beyond those kept, and what killed workers have left on the engine. */
export class Housekeeping {
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #busy: Promise<void> | null = null;
  #again = false;

  constructor(private readonly parts: HousekeepingParts) {}

  /** What an earlier worker of this node had under way is under way no more. */
  async begin(): Promise<void> {
    await this.#each(async () => void (await this.parts.runtime.sweepHelpers(0, this.#stop.signal)));
  }

  start(): void {
    this.#timer = setInterval(() => this.soon(), this.parts.leftoverMs);
    this.soon();
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#again = false;
    this.#stop.abort();
    await this.#busy;
  }

  /** Now, and once more if that is asked for meanwhile. */
  soon(): void {
    this.#again = true;
    this.#busy ??= this.#rounds().finally(() => (this.#busy = null));
  }

  async #rounds(): Promise<void> {
    while (this.#again && !this.#stop.signal.aborted) {
      this.#again = false;
      for (const duty of [() => this.rotate(), () => this.sweepImages(), () => this.sweepVolumes()]) {
        await duty().catch((error: unknown) => this.parts.log.warn({ err: error }, 'housekeeping left something'));
      }
    }
  }

  /** Safety snapshots beyond the latest of each bot are deleted like any other: by an operation, through the one door. */
  async rotate(): Promise<void> {
    const { nodeId, snapshots, acceptance, log } = this.parts;
    for (const { id, tenantId, botId } of await snapshots.surplus(nodeId, SAFETY_KEPT, BATCH)) {
      const reason = `The latest ${SAFETY_KEPT} safety snapshots are kept.`;
      await acceptance
        .accept({
          tenant: { id: tenantId, slug: '' },
          botId,
          kind: 'snapshot.delete',
          params: { snapshotId: id, reason },
          requestedBy: { type: 'system', id: 'retention', name: 'Retention' },
          requestId: null,
          ifVersion: null,
          idempotency: null,
        })
        .catch((error: unknown) => log.info({ err: error, snapshotId: id }, 'a safety snapshot stays for now'));
    }
  }

  /** Images of snapshots that failed or are gone, and helpers of calls that never ended. */
  async sweepImages(): Promise<void> {
    const { runtime, snapshots, log } = this.parts;
    const { signal } = this.#stop;
    // However long an operation takes, what it makes is its own until it has ended.
    const before = Math.min(Date.now() - this.parts.leftoverMs, this.parts.busySince() ?? Infinity);
    await runtime.sweepHelpers(Date.now() - before + 1, signal);
    const images = (await runtime.listImages(SNAPSHOT_KIND, signal))
      .filter(({ createdAt }) => Date.parse(createdAt) < before)
      // By name: what is made of a snapshot has its labels too.
      .map(({ ref }) => ({ ref, id: /^berth\/[a-z-]+:([0-9a-f-]{36})(-\d+)?$/.exec(ref)?.[1] ?? '' }))
      .filter(({ id }) => isUuid(id));
    const needed = new Set(await snapshots.needed([...new Set(images.map(({ id }) => id))]));
    for (const { ref, id } of images) {
      if (needed.has(id)) continue;
      log.warn({ ref }, 'removing an image of a snapshot that is gone');
      await this.#each(() => runtime.removeImage(ref, signal));
    }
  }

  /** Volumes of a known bot that its record does not name: of a container that was replaced, or never came to be. */
  async sweepVolumes(): Promise<void> {
    const { runtime, bots, log } = this.parts;
    const { signal } = this.#stop;
    for (const { name, owner, createdAt } of await runtime.listAllVolumes(signal)) {
      if (!isUuid(owner.tenantId) || Date.now() - Date.parse(createdAt) < this.parts.leftoverMs) continue;
      const lane = await bots.find(owner.tenantId, owner.botId);
      if (!lane || lane.operations.length > 0 || lane.bot.nodeId !== this.parts.nodeId) continue;
      // A record without paths says nothing of the volumes that there may be.
      if (lane.bot.paths.length === 0 || lane.bot.paths.some(({ volume }) => volume === name)) continue;
      log.warn({ volume: name, botId: owner.botId }, 'removing a volume that nothing uses');
      await this.#each(() => runtime.removeVolume(name, owner, signal));
    }
  }

  /** One that is still in use keeps nobody from the others. */
  async #each(removal: () => Promise<void>): Promise<void> {
    await removal().catch((error: unknown) => this.parts.log.info({ err: error }, 'it stays for now'));
  }
}
