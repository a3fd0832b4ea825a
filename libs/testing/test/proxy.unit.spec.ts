import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Proxy, startProxy } from '../proxy.js';

describe('startProxy', () => {
  const server = createServer((_, response) => response.end('hello'));
  let proxy: Proxy;

  beforeEach(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    proxy = await startProxy(`tcp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
  });
  afterEach(async () => {
    await proxy.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const ask = async (timeoutMs = 2_000): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${proxy.port}/`, {
      signal: AbortSignal.timeout(timeoutMs),
      headers: { connection: 'close' },
    });
    return response.text();
  };

  it('passes on, breaks, and passes on again', async () => {
    expect(proxy.url).toBe(`tcp://127.0.0.1:${proxy.port}`);
    expect(await ask()).toBe('hello');
    proxy.down();
    await expect(ask()).rejects.toThrow('fetch failed');
    proxy.up();
    expect(await ask()).toBe('hello');
  });

  it('hangs while frozen and goes on when thawed', async () => {
    proxy.freeze();
    await expect(ask(100)).rejects.toThrow('timeout');
    const waiting = ask();
    proxy.thaw();
    expect(await waiting).toBe('hello');
  });
});
