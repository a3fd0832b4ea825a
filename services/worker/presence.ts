import type { Sweep } from '#operations';
import type { NodeRegistration, NodeStore } from '#persistence';
import type { Log } from '#platform';
import type { ContainerRuntime } from '#runtime';

const BEAT_MS = 3_000;

/**
 * Says that this node lives, and whether its engine answers. A newer worker of the same node takes over by its
 * epoch, and this one must end.
 */
export class Presence {
  #epoch = 0;
  #up = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly parts: {
      nodeId: string;
      nodes: NodeStore;
      sweep: Sweep;
      runtime: ContainerRuntime;
      log: Log;
      onReplaced: () => void;
    },
  ) {}

  /** Whether the engine answers and its containers have been looked at. */
  get isUp(): boolean {
    return this.#up;
  }

  async register(node: NodeRegistration): Promise<void> {
    this.#epoch = await this.parts.nodes.register(node);
    this.#timer = setInterval(() => void this.#beat(), BEAT_MS);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** The engine answers and the record agrees with it: operations may run. */
  async engineBack(): Promise<void> {
    if (!this.#up) this.parts.log.info('the engine answers');
    this.#up = true;
    await this.#beat();
    await this.parts.sweep.ringUnheard(this.parts.nodeId);
  }

  /** Somebody found the engine gone. Asks it once more before believing it. */
  async engineLost(): Promise<void> {
    if (!this.#up) return;
    try {
      await this.parts.runtime.info();
      return;
    } catch {
      if (!this.#up) return;
    }
    this.#up = false;
    this.parts.log.warn('the engine does not answer: the state of its containers is unknown until it does');
    await this.#beat();
    await this.parts.sweep.markNode(this.parts.nodeId).catch((error: unknown) => {
      this.parts.log.warn({ err: error }, 'could not mark the containers; the sweep will');
    });
  }

  async #beat(): Promise<void> {
    try {
      if (await this.parts.nodes.heartbeat(this.parts.nodeId, this.#epoch, this.#up)) return;
      this.parts.log.error('another worker has taken over this node; this one ends');
      this.parts.onReplaced();
    } catch (error) {
      this.parts.log.warn({ err: error }, 'the heartbeat could not be written');
    }
  }
}
