import { eventSchema, type EventView } from '#contracts';
import type { ReceivedEvent, SocketClient } from '#testing';
import { expect } from '@jest/globals';
import { exactly } from './exact.js';

export interface Seen {
  event: EventView;
  /** Date.now() at its arrival. */
  receivedAt: number;
}

/** A socket that is subscribed to the whole tenant, and what came over it. */
export class Watcher {
  constructor(readonly client: SocketClient) {}

  /** In the order of arrival. */
  all(): EventView[] {
    return this.client.received.filter(isEvent).map((message) => message.data as unknown as EventView);
  }

  of(botId: string): EventView[] {
    return this.all().filter((event) => event.botId === botId);
  }

  /** The statuses that a bot went through, as events told them. */
  statuses(botId: string): string[] {
    return this.of(botId).flatMap(({ type, data }) => (type === 'container.status' ? [data.status] : []));
  }

  /** The first event of the bot after a version that the predicate takes, there already or to come. */
  async until(
    bot: { id: string },
    what: string,
    predicate: (event: EventView) => boolean,
    after = 0,
    deadlineMs = 15_000,
  ): Promise<Seen> {
    const wanted = (message: ReceivedEvent): boolean => {
      if (!isEvent(message) || message.data.botId !== bot.id) return false;
      const event = message.data as unknown as EventView;
      return event.version > after && predicate(event);
    };
    const { data, receivedAt } = await this.client.waitForEvent(wanted, `${bot.id}: ${what}`, deadlineMs);
    return { event: exactly(eventSchema, data), receivedAt };
  }

  status(bot: { id: string }, status: EventView['data']['status'], after = 0, deadlineMs = 15_000): Promise<Seen> {
    const wanted = ({ type, data }: EventView): boolean => type === 'container.status' && data.status === status;
    return this.until(bot, `status ${status}`, wanted, after, deadlineMs);
  }
}

const isEvent = (message: ReceivedEvent): boolean => message.name === 'event';

export async function startWatching(client: SocketClient): Promise<Watcher> {
  expect(await client.ask('subscribe', { all: true })).toMatchObject({ ok: true, cursor: expect.any(String) });
  return new Watcher(client);
}
