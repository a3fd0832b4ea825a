import type { TestServices } from '#testing';
import { waitFor } from '#testing';

export interface StreamMessage {
  event: string;
  id: string | null;
  data: string;
}

/** A stream of server-sent events as it is read. */
export interface OpenStream {
  status: number;
  headers: Headers;
  messages: StreamMessage[];
  /** Whether the server has ended it. */
  readonly ended: boolean;
  until(what: string, condition: (messages: StreamMessage[]) => boolean, deadlineMs?: number): Promise<void>;
  untilEnd(deadlineMs?: number): Promise<void>;
  close(): void;
}

export async function openStream(
  services: TestServices,
  path: string,
  options: { key?: string; headers?: Record<string, string>; body?: object } = {},
): Promise<OpenStream> {
  const controller = new AbortController();
  const response = await fetch(new URL(path, services.url), {
    method: options.body ? 'POST' : 'GET',
    ...(options.body && { body: JSON.stringify(options.body) }),
    headers: {
      ...(options.body && { 'content-type': 'application/json' }),
      authorization: `Bearer ${options.key ?? services.apiKey}`,
      accept: 'text/event-stream',
      ...options.headers,
    },
    signal: controller.signal,
  });
  const messages: StreamMessage[] = [];
  let ended = false;
  void read(response, messages)
    .catch(() => undefined)
    .finally(() => (ended = true));
  return {
    status: response.status,
    headers: response.headers,
    messages,
    get ended() {
      return ended;
    },
    until: async (what, condition, deadlineMs = 10_000) =>
      void (await waitFor(() => condition(messages), { what, deadlineMs })),
    untilEnd: async (deadlineMs = 10_000) => void (await waitFor(() => ended, { what: 'the end of it', deadlineMs })),
    close: () => controller.abort(),
  };
}

async function read(response: Response, messages: StreamMessage[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const message = parse(block);
      if (message) messages.push(message);
    }
  }
}

/** Null where it is but a comment. */
function parse(block: string): StreamMessage | null {
  const message: StreamMessage = { event: 'message', id: null, data: '' };
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, name, value = ''] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name === 'event') message.event = value;
    if (name === 'id') message.id = value;
    if (name === 'data') data.push(value);
  }
  return data.length === 0 ? null : { ...message, data: data.join('\n') };
}
