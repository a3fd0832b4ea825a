import type { Answer } from '#testing';
import { connect } from 'node:net';

/** Sends bytes as they are, for requests that no HTTP client would send, and reads the one answer. */
export function rawRequest(url: string, request: string | Buffer): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(request));
    let received = Buffer.alloc(0);
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer to a raw request')));
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data]);
      const answer = parse(received);
      if (!answer) return;
      socket.destroy();
      resolve(answer);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(received.toString())}`)));
  });
}

/** Null while it is not whole. */
function parse(bytes: Buffer): Answer | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Headers(lines.map((line): [string, string] => [line.split(':', 1)[0] ?? '', valueOf(line)]));
  const body = bytes.subarray(end + 4);
  const length = Number(headers.get('content-length') ?? '0');
  if (body.length < length) return null;
  const text = body.subarray(0, length).toString('utf8');
  const isJson = /[/+]json\b/.test(headers.get('content-type') ?? '');
  return { status: Number(first.split(' ')[1]), headers, body: isJson && text ? JSON.parse(text) : text };
}

const valueOf = (line: string): string => line.slice(line.indexOf(':') + 1).trim();
