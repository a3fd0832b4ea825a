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
  #answers = false;
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
      /** The engine is gone and its containers are marked: whoever follows it is to connect anew. */
      onDown: () => void;
      /** The node counted as down while it was not, so its containers may be marked: they are to be looked at. */
      onGivenUp: () => void;
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

  /** The engine answers: nobody is to mark its containers any more while they are looked at. */
  async engineAnswers(): Promise<void> {
    this.#answers = true;
    await this.#beat();
  }

  /** The record agrees with the engine: operations may run. */
  async engineBack(): Promise<void> {
    if (!this.#up) this.parts.log.info('the engine answers');
    this.#answers = true;
    this.#up = true;
    await this.#beat();
    await this.parts.sweep.ringUnheard(this.parts.nodeId);
  }

  /** Somebody found the engine gone. Asks it once more before believing it. */
  async engineLost(): Promise<void> {
    if (!this.#answers) return;
    try {
      await this.parts.runtime.info();
      return;
    } catch {
      if (!this.#answers) return;
    }
    this.#up = false;
    this.#answers = false;
    this.parts.log.warn('the engine does not answer: the state of its containers is unknown until it does');
    await this.#beat();
    await this.parts.sweep.markNode(this.parts.nodeId).catch((error: unknown) => {
      this.parts.log.warn({ err: error }, 'could not mark the containers; the sweep will');
    });
    this.parts.onDown();
  }

  async #beat(): Promise<void> {
    try {
      const wasUp = this.#up;
      const before = await this.parts.nodes.heartbeat(this.parts.nodeId, this.#epoch, this.#answers);
      if (before === 'down' && wasUp && this.#up) this.parts.onGivenUp();
      if (before !== 'replaced') return;
      this.parts.log.error('another worker has taken over this node; this one ends');
      this.parts.onReplaced();
    } catch (error) {
      this.parts.log.warn({ err: error }, 'the heartbeat could not be written');
    }
  }
}
