import { Refusal } from '#domain';
import type { BotStore } from '#persistence';

/** Where a bot's container is. */
export interface Located {
  key: string;
  nodeId: string;
  /** Of the node's agent; null where the node is down. */
  agentUrl: string | null;
}

/** Throws Refusal: `bot_not_found`. */
export async function mustExist(bots: Pick<BotStore, 'locate'>, tenantId: string, botId: string): Promise<void> {
  if (!(await bots.locate(tenantId, botId))) throw noSuchBot(botId);
}

/** The bot's container and its node. Throws Refusal: `bot_not_found`, `container_not_found`. */
export async function locate(bots: Pick<BotStore, 'locate'>, tenantId: string, botId: string): Promise<Located> {
  const place = await bots.locate(tenantId, botId);
  if (!place) throw noSuchBot(botId);
  const { key, nodeId, containerId, agentUrl } = place;
  if (containerId === null || nodeId === null) {
    throw new Refusal('container_not_found', `The bot "${botId}" has no container now. Create it first.`);
  }
  return { key, nodeId, agentUrl };
}

const noSuchBot = (botId: string): Refusal =>
  new Refusal('bot_not_found', `There is no bot "${botId}". Create its container first.`);
