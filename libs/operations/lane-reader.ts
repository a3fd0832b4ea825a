import {
  newBot,
  place,
  Refusal,
  type Lane,
  type NodeCandidate,
  type OperationKind,
  type OperationParams,
  type SnapshotStanding,
} from '#domain';
import type { BotStore, SnapshotStore } from '#persistence';
import { v7 as uuidv7 } from 'uuid';

/** What a request is judged on. */
export interface Judged {
  lane: Lane;
  isNewBot: boolean;
  /** The bot's node was chosen for this request, and may be chosen anew. */
  isPlacedNow: boolean;
  /** The node that the bot had before, where that matters. */
  home: NodeCandidate | null;
  /** Where the request is about snapshots. */
  snapshots?: SnapshotStanding;
}

interface Request {
  tenant: { id: string; slug: string };
  botId: string;
  kind: OperationKind;
  params: OperationParams;
}

/** Reads what a request is judged on, and finds a node for the bot that it would be the first to name. */
export class LaneReader {
  constructor(private readonly stores: { bots: BotStore; snapshots: SnapshotStore }) {}

  /** Throws Refusal: `bot_not_found`, `node_unavailable`, `no_capacity`. */
  read(request: Request): Promise<Judged> {
    return request.kind === 'container.create' ? this.#ofCreate(request) : this.#ofKnown(request);
  }

  async #ofKnown({ tenant, botId, kind, params }: Request): Promise<Judged> {
    const lane = await this.stores.bots.find(tenant.id, botId);
    if (!lane) throw new Refusal('bot_not_found', `There is no bot "${botId}". Create its container first.`);
    const judged = { lane, isNewBot: false, isPlacedNow: false, home: null };
    if (!kind.startsWith('snapshot.')) return judged;
    // After the lane, so that whoever changes them meanwhile is noticed by the bot's version.
    const snapshots = await this.stores.snapshots.standing(tenant.id, botId, params.snapshotId ?? null);
    return { ...judged, snapshots };
  }

  async #ofCreate({ tenant, botId, params }: Request): Promise<Judged> {
    const { settings, fromSnapshot } = params;
    if (!settings) throw new Error('a create without settings was asked for');
    const { lane, nodes } = await this.stores.bots.findForPlacement(tenant.id, botId);
    const source = fromSnapshot ? await this.stores.snapshots.standing(tenant.id, botId, fromSnapshot) : null;
    const known = source && { snapshots: source };
    if (lane && lane.bot.nodeId !== null) {
      const home = nodes.find(({ id }) => id === lane.bot.nodeId) ?? null;
      return { lane, isNewBot: false, isPlacedNow: false, home, ...known };
    }
    // A fork goes where its snapshot is.
    const where = source?.subject?.nodeId;
    const nodeId = place(where === undefined ? nodes : nodes.filter(({ id }) => id === where), settings.resources);
    const placed = { isPlacedNow: true, home: null, ...known };
    if (lane) return { lane: { ...lane, bot: { ...lane.bot, nodeId } }, isNewBot: false, ...placed };
    const now = new Date().toISOString();
    const bot = newBot({ key: uuidv7(), tenantId: tenant.id, tenantSlug: tenant.slug, botId }, nodeId, now);
    return { lane: { bot, operations: [], snapshots: [], hasSnapshots: false, now }, isNewBot: true, ...placed };
  }
}
