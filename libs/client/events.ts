import { backoffMs, pause } from './backoff.js';
import { BerthError } from './errors.js';
import { EventPlace, type EventsFrom } from './event-place.js';
import type { Http } from './http.js';
import { readStream, type SseMessage } from './sse.js';
import type { BotEvent, Container, Progress } from './types.js';

/** History that was asked for is gone: go on from this state, whose version is that of its last event. */
export interface Reset {
  type: 'reset';
  botId: string;
  container: Container;
}

export type StreamItem = BotEvent | Reset;

export type EventsOptions = EventsFrom & {
  signal?: AbortSignal;
  /** How far running operations have come. Not kept, and not told again. */
  onProgress?: (progress: Progress) => void;
  /** Told of every connection that is going to be made again, and why; null where the other side has ended it. */
  onReconnect?: (error: BerthError | null) => void;
};

/** Berth says something every 15 s, if only that it is there. */
const SILENCE_MS = 45_000;
/** A connection that lasted for so long was a good one. */
const GOOD_MS = 5_000;

/**
 * Events in order, none left out and none twice, across as many connections as it takes. Ends with the signal. Throws
 * BerthError where trying again does not help: a wrong key, an unknown bot.
 *
 * @internal
 */
export async function* followEvents(
  http: Http,
  { signal, onProgress, onReconnect, ...from }: EventsOptions,
): AsyncGenerator<StreamItem, void, undefined> {
  const place = new EventPlace(from);
  const botId = 'botId' in from ? from.botId : null;
  for (let failures = 0; !signal?.aborted; failures += 1) {
    const began = Date.now();
    let reason: BerthError | null = null;
    try {
      for await (const message of readStream((within) => connect(http, botId, place, within), {
        signal,
        silenceMs: SILENCE_MS,
      })) {
        failures = 0;
        if (message.event === 'progress' && message.data !== null) onProgress?.(JSON.parse(message.data) as Progress);
        else {
          const item = await told(http, place, message, signal);
          if (item === 'again') break;
          if (item) yield item;
        }
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof BerthError && error.retryable)) throw error;
      reason = error;
    }
    if (signal?.aborted) return;
    if (Date.now() - began > GOOD_MS) failures = 0;
    onReconnect?.(reason);
    await pause(backoffMs(failures, reason?.retryAfterSeconds), signal);
  }
}

function connect(http: Http, botId: string | null, place: EventPlace, signal: AbortSignal): Promise<Response> {
  // Tried again by whoever follows, for as long as it takes.
  const asking = { headers: { accept: 'text/event-stream' }, options: { signal }, repeat: 'never' } as const;
  const { after, cursor } = place.resume;
  if (botId === null) return http.open('tenantEvents', 'GET', '/v1/events', { query: { cursor }, ...asking });
  return http.open('botEvents', 'GET', '/v1/bots/:botId/events', {
    params: { botId },
    query: { after, cursor },
    ...asking,
  });
}

/** What a message is to the reader; null where it is nothing new. */
async function told(
  http: Http,
  place: EventPlace,
  { event, id, data }: SseMessage,
  signal: AbortSignal | undefined,
): Promise<StreamItem | 'again' | null> {
  if (data === null) {
    place.begin({ cursor: id });
    return null;
  }
  if (event === 'reset') {
    const { botId, container } = JSON.parse(data) as Omit<Reset, 'type'>;
    return place.reset(container, id) ? { type: 'reset', botId, container } : null;
  }
  if (event !== 'message') return null;
  const next = JSON.parse(data) as BotEvent;
  const judgement = place.take(next);
  if (judgement === 'next') return next;
  if (judgement === 'double') return null;
  if (judgement === 'gap') return 'again';
  const { botId } = next;
  const container = await http.json('getContainer', 'GET', '/v1/bots/:botId/container', {
    params: { botId },
    options: { signal },
  });
  place.reset(container);
  return { type: 'reset', botId, container };
}
