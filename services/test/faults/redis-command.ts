import { connect } from 'node:net';

type Reply = string | number | null | Reply[];

/** One command on a connection of its own, as an operator's redis-cli would send it. */
export function redisCommand(port: number, ...args: string[]): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8').setTimeout(5_000, () => socket.destroy(new Error('Redis does not answer')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`Redis closed the connection after ${JSON.stringify(received)}`)));
    socket.on('data', (chunk: string) => {
      received += chunk;
      const parsed = parse(received, 0);
      if (!parsed) return;
      if (parsed.value instanceof Error) reject(parsed.value);
      else resolve(parsed.value);
      socket.destroy();
    });
    const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
    socket.write(`*${args.length}\r\n${parts.join('')}`);
  });
}

/** Null where more is to come. For ASCII replies, which is all that is asked for here. */
function parse(text: string, at: number): { value: Reply | Error; next: number } | null {
  const end = text.indexOf('\r\n', at);
  if (end === -1) return null;
  const rest = text.slice(at + 1, end);
  const next = end + 2;
  switch (text.charAt(at)) {
    case '+':
      return { value: rest, next };
    case '-':
      return { value: new Error(rest), next };
    case ':':
      return { value: Number(rest), next };
    case '$': {
      const length = Number(rest);
      if (length < 0) return { value: null, next };
      return text.length < next + length + 2
        ? null
        : { value: text.slice(next, next + length), next: next + length + 2 };
    }
    default: {
      const items: Reply[] = [];
      let position = next;
      for (let left = Number(rest); left > 0; left -= 1) {
        const item = parse(text, position);
        if (!item || item.value instanceof Error) return item;
        items.push(item.value);
        position = item.next;
      }
      return { value: items, next: position };
    }
  }
}
