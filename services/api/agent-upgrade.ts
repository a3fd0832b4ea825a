import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';

/** A connection of which nothing was heard for so long is asked whether it is still there. Milliseconds. */
const KEEP_ALIVE_MS = 30_000;

export interface UpgradeRequest {
  protocol: string;
  headers: Record<string, string>;
  /** How long the answer may take. Milliseconds. */
  answerMs: number;
  signal: AbortSignal;
}

/** A connection that was upgraded, which is then the caller's, or what was answered instead. */
export type Upgraded = { socket: Socket } | { body: string };

/** Asks for another protocol on a connection of its own. Fails where nobody answers in time. */
export function upgrade(url: URL, { protocol, headers, answerMs, signal }: UpgradeRequest): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const asked = request(url, { agent: false, headers: { ...headers, connection: 'upgrade', upgrade: protocol } });
    const cut = (): void => void asked.destroy(new Error('not answered in time, or no longer wanted'));
    const timer = setTimeout(cut, answerMs);
    signal.addEventListener('abort', cut, { once: true });
    const settled = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cut);
    };
    asked.once('error', (error) => {
      settled();
      reject(error);
    });
    asked.once('upgrade', (_response, socket, head) => {
      settled();
      // Told by its end, which follows.
      socket.on('error', () => undefined);
      socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
      if (head.length > 0) socket.unshift(head);
      resolve({ socket });
    });
    asked.once('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('error', reject).once('end', () => {
        settled();
        resolve({ body });
      });
    });
    if (signal.aborted) cut();
    else asked.end();
  });
}
