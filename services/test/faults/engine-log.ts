import type { default as Docker, GetEventsOptions } from 'dockerode';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

interface EngineEvent {
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
}

/** What the engine itself says it did, by bot: a witness that Berth cannot influence. */
export class EngineLog {
  readonly #events: EngineEvent[] = [];

  private constructor(private readonly stream: Readable) {
    createInterface({ input: stream }).on('line', (line) => this.#events.push(JSON.parse(line) as EngineEvent));
    stream.on('error', () => undefined);
  }

  static async start(docker: Docker): Promise<EngineLog> {
    const options: GetEventsOptions = { filters: { type: ['container'], label: ['berth.managed=true'] } };
    const stream: NodeJS.ReadableStream = await docker.getEvents(options);
    return new EngineLog(stream as Readable);
  }

  /** What the engine did to containers of the bot, in order. */
  actions(bot: string): string[] {
    return this.deeds(bot).map(({ action }) => action);
  }

  /** The same, each with the container that it was done to. */
  deeds(bot: string): { action: string; containerId: string }[] {
    return this.#events
      .filter(({ Actor }) => Actor.Attributes['berth.bot'] === bot)
      .map(({ Action, Actor }) => ({ action: Action, containerId: Actor.ID }));
  }

  count(bot: string, action: string): number {
    return this.actions(bot).filter((each) => each === action).length;
  }

  stop(): void {
    this.stream.destroy();
  }
}
