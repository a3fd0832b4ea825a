import { TERMINAL_PROTOCOL } from '#contracts';
import type { BotInside } from '#persistence';
import { createTokenSigner } from '#platform';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gate } from '../agent/gate.js';
import { Uses } from '../uses.js';
import { serveTerminals } from '../agent/terminal.js';

const SECRET = 'a secret of the test, long enough for it';

interface Asked {
  path?: string;
  protocol?: string;
  token?: string;
}

describe('the agent’s terminals', () => {
  let app: FastifyInstance;
  const tokens = createTokenSigner(SECRET, 'agent');
  const states: Record<string, BotInside['state']> = { up: 'running', down: 'stopped' };

  beforeEach(async () => {
    app = Fastify();
    const inside = async (key: string): Promise<BotInside | null> => {
      const state = states[key];
      return state ? { key, tenantId: 't', botId: key, containerId: `c-${key}`, sealedEnv: null, state } : null;
    };
    const gate = new Gate({ bots: { inside }, runtime: {} as never, tokens, secrets: {} as never, uses: new Uses() });
    serveTerminals(app, { gate, runtime: {} as never, runs: {} as never, log: { error: () => undefined } as never });
    await app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(() => app.close());

  /** The status of the answer, and its code where it is a refusal. */
  function ask({ path = '/terminal', protocol = TERMINAL_PROTOCOL, token = '' }: Asked): Promise<unknown[]> {
    const { port } = app.server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, connection: 'upgrade', upgrade: protocol };
      const request = http.get({ host: '127.0.0.1', port, path, headers, agent: false });
      request.once('error', reject);
      request.once('upgrade', (response, socket) => {
        socket.destroy();
        resolve([response.statusCode]);
      });
      request.once('response', (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.once('end', () => resolve([response.statusCode, (JSON.parse(body) as { code: string }).code]));
      });
    });
  }

  const sign = (botKey: string, action = 'terminal', seconds = 60): string => tokens.sign({ botKey, action }, seconds);

  test('are for who has a token for this bot and this action, in time', async () => {
    expect(await ask({ token: sign('up') })).toEqual([101]);
    const foreign = createTokenSigner('another secret, just as long as the first', 'agent');
    const refused = ['', 'nonsense', sign('up', 'exec'), sign('up', 'terminal', -1)];
    for (const token of [...refused, foreign.sign({ botKey: 'up', action: 'terminal' }, 60)]) {
      expect(await ask({ token })).toEqual([401, 'unauthenticated']);
    }
  });

  test('are of containers that run', async () => {
    expect(await ask({ token: sign('down') })).toEqual([409, 'container_not_running']);
    expect(await ask({ token: sign('none') })).toEqual([404, 'container_not_found']);
  });

  test('are all that a connection is upgraded to', async () => {
    expect(await ask({ token: sign('up'), path: '/exec' })).toEqual([404, 'route_not_found']);
    expect(await ask({ token: sign('up'), protocol: 'websocket' })).toEqual([404, 'route_not_found']);
  });
});
