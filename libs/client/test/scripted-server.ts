import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Heard {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Answer = (response: ServerResponse, heard: Heard) => void;

export interface ScriptedServer {
  url: string;
  /** All requests, in the order of their arrival. */
  heard: Heard[];
  close(): Promise<void>;
}

/** Answers the first request by the first answer, and so on; the last one answers all that follow. */
export async function scriptedServer(...answers: Answer[]): Promise<ScriptedServer> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      heard.push({ method, url, headers, body });
      answers[Math.min(heard.length, answers.length) - 1]?.(response, heard.at(-1) as Heard);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    heard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export const problem = (
  status: number,
  code: string,
  more: object = {},
  headers: Record<string, string> = {},
): Answer =>
  json(
    status,
    {
      type: 'about:blank',
      title: code,
      status,
      code,
      detail: `it is ${code}`,
      requestId: 'r-1',
      retryable: false,
      ...more,
    },
    { 'content-type': 'application/problem+json', 'x-request-id': 'r-1', ...headers },
  );

/** The connection breaks before there is an answer. */
export const cut: Answer = (response) => response.destroy();

/** A stream of these pieces, each sent by itself; then it breaks, ends or goes on in silence. */
export const stream =
  (pieces: string[], then: 'break' | 'end' | 'stay'): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const next = (): void => {
      const piece = pieces.shift();
      if (piece !== undefined) response.write(piece, () => setImmediate(next));
      else if (then === 'break') response.destroy();
      else if (then === 'end') response.end();
    };
    next();
  };
