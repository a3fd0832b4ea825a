import { routes, type EventView } from '#contracts';
import { Refusal } from '#domain';
import { formatCursor, parseCursor, START, type Cursor } from '#persistence';
import { Controller, Inject } from '@nestjs/common';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { acceptsEventStream, resumeAt } from '../http/headers.js';
import { BotFeed } from '../live/bot-feed.js';
import { Connections } from '../live/connections.js';
import type { FeedParts } from '../live/feed.js';
import { EventStream } from '../live/sse.js';
import { TenantFeed } from '../live/tenant-feed.js';
import { FEEDS } from '../tokens.js';

interface EventPage {
  items: EventView[];
  nextCursor: string | null;
}

/** The same events that sockets get: as pages, or as a stream of server-sent events. */
@Controller()
export class EventsController {
  constructor(
    @Inject(FEEDS) private readonly parts: FeedParts,
    private readonly connections: Connections,
  ) {}

  @Endpoint(routes.botEvents)
  async ofBot(@Call() call: CallOf<typeof routes.botEvents>): Promise<EventPage | undefined> {
    const { caller, params, query, request, reply } = call;
    const cursor = placeOf(resumeAt(request) ?? query.cursor);
    if (acceptsEventStream(request)) {
      const stream = new EventStream(reply, this.connections, caller.keyId);
      const feed = new BotFeed(this.parts, caller.tenant.id, stream.sink);
      const after = cursor ?? query.after;
      // Taken before the bot is read, so that nothing lies between the two.
      const place = after === undefined ? formatCursor(this.parts.tail.position) : null;
      await feed.open(params.botId);
      stream.begin(feed, () => feed.replay(after), place);
      return undefined;
    }
    const lane = await this.parts.bots.find(caller.tenant.id, params.botId);
    if (!lane) throw new Refusal('bot_not_found', `There is no bot "${params.botId}".`);
    const { key } = lane.bot;
    const after = cursor ? await this.parts.events.versionAt(key, cursor) : (query.after ?? 0);
    return toPage(await this.parts.events.ofBot(key, after, query.limit + 1), query.limit);
  }

  @Endpoint(routes.tenantEvents)
  async ofTenant(@Call() call: CallOf<typeof routes.tenantEvents>): Promise<EventPage | undefined> {
    const { caller, query, request, reply } = call;
    const cursor = placeOf(resumeAt(request) ?? query.cursor);
    if (acceptsEventStream(request)) {
      const stream = new EventStream(reply, this.connections, caller.keyId);
      const feed = new TenantFeed(this.parts, caller.tenant.id, stream.sink);
      const begins = feed.open(cursor);
      stream.begin(feed, () => feed.replay(cursor), cursor === undefined ? begins.cursor : null);
      return undefined;
    }
    return toPage(await this.parts.events.ofTenant(caller.tenant.id, cursor ?? START, query.limit + 1), query.limit);
  }
}

const placeOf = (cursor: string | undefined): Cursor | undefined =>
  cursor === undefined ? undefined : parseCursor(cursor);

function toPage(events: { view: EventView; cursor: Cursor }[], limit: number): EventPage {
  const shown = events.slice(0, limit);
  const last = shown.at(-1);
  const more = events.length > limit && last;
  return { items: shown.map((event) => event.view), nextCursor: more ? formatCursor(last.cursor) : null };
}
