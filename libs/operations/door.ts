import type { Change, Lane } from '#domain';
import type { BotStore } from '#persistence';
import type { Announcer } from './announce.js';

/** Races are lost to other requests for the same bot, so each loss means that somebody else got on. */
const MAX_RACES = 50;

/**
 * The one door: reads a lane, asks a pure planner what to change, writes that if the lane is still the same, and
 * tells the world afterwards. Nothing else writes a bot.
 */
export class Door {
  constructor(
    private readonly bots: BotStore,
    private readonly announcer: Announcer,
  ) {}

  /** Null where there is no such lane or the planner changes nothing. Throws DatabaseFault. */
  async change(
    read: () => Promise<Lane | null>,
    plan: (lane: Lane) => Change | null | Promise<Change | null>,
  ): Promise<Change | null> {
    for (let race = 0; race < MAX_RACES; race += 1) {
      const lane = await read();
      const change = lane && (await plan(lane));
      if (!change) return null;
      if ((await this.bots.commit(change)) === 'committed') {
        this.announcer.committed(change);
        return change;
      }
    }
    throw new Error('a lane changed under every one of 50 attempts to write it');
  }
}
