import { expect, test } from '@jest/globals';
import { waitFor } from '#testing';
import { operationOf } from '../support/bot.js';
import { expectProblem } from '../support/exact.js';
import { rawRequest } from '../support/raw-http.js';
import type { System } from '../support/system.js';
import { pathsOf, refuses } from './refuses.js';

const MADE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Headers that no client should send, and those that may be anything. */
export function headers(system: () => System): void {
  test('a Last-Event-ID that no stream has given begins no stream anywhere', async () => {
    const bot = system().bot('last-event-id');
    await bot.run('create');
    for (const id of ['', 'x', '12', '-', '1-2-3', '1-2, 1-2', '0x1-2', `1-${'2'.repeat(21)}`, '1'.repeat(9_000)]) {
      for (const path of ['/v1/events', `/v1/bots/${bot.id}/events`]) {
        for (const accept of ['text/event-stream', 'application/json']) {
          const problem = await refuses(system().http, 'GET', path, undefined, { accept, 'last-event-id': id });
          expect(pathsOf(problem)).toEqual(['Last-Event-ID']);
        }
      }
    }
  });

  test('a Prefer that asks for no wait of 1 to 60 seconds is ignored, and the rest is done', async () => {
    const bot = system().bot('prefer');
    await bot.run('create');
    const values = ['', 'wait', 'wait=0', 'wait=1.5'];
    for (const [index, prefer] of [...values, 'wait '.repeat(1_500)].entries()) {
      const answer = await bot.ask(index % 2 === 0 ? 'start' : 'stop', { headers: { prefer } });
      expect({ prefer, status: answer.status }).toEqual({ prefer, status: 202 });
      expect(answer.headers.get('preference-applied')).toBeNull();
      const { id } = operationOf(answer);
      await system().http.get(`/v1/operations/${id}?wait=30`);
    }
  });

  test('an X-Request-Id is taken, returned, told and logged where it is fit, and never where it is not', async () => {
    const { http, services } = system();
    const fit = `fit-${Date.now()}`;
    const problem = expectProblem(await http.get('/v1/nothing', { 'x-request-id': fit }), 404, 'route_not_found');
    expect(problem.requestId).toBe(fit);
    expect((await http.get('/v1/bots', { 'x-request-id': `${fit}-2` })).headers.get('x-request-id')).toBe(`${fit}-2`);
    const lines = (id: string): string[] =>
      services.api
        .logs()
        .split('\n')
        .filter((line) => line.includes(`"requestId":"${id}"`));
    await waitFor(() => lines(fit).length > 0 && lines(`${fit}-2`).length > 0, { what: 'both in the log' });
    expect(JSON.parse(lines(`${fit}-2`)[0] ?? '')).toMatchObject({ method: 'GET', route: '/v1/bots', status: 200 });

    const hostile = 'evil'.repeat(10);
    for (const value of [
      hostile.repeat(256),
      `${hostile}","level":"fatal`,
      `${hostile}\u001b[31m`,
      `${hostile}\t2`,
      `${hostile} 2`,
      `${hostile}\u00e4`,
    ]) {
      const answer = await rawRequest(
        services.url,
        Buffer.from(
          `GET /v1/nothing HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${services.apiKey}\r\nX-Request-Id: ${value}\r\n\r\n`,
          'latin1',
        ),
      );
      const { status, requestId } = answer.body as { status: number; requestId: string };
      expect([400, 404]).toContain(status);
      expect(requestId).toMatch(MADE);
      expect(answer.headers.get('x-request-id')).toBe(requestId);
    }
    const malformed = await rawRequest(
      services.url,
      'GET /%zz HTTP/1.1\r\nHost: x\r\nX-Request-Id: malformed-1\r\n\r\n',
    );
    expect(expectProblem(malformed, 400, 'validation_failed').requestId).toBe('malformed-1');
    await waitFor(() => lines('malformed-1').length > 0, { what: 'what no route could take in the log' });
    // A line's end within it, in each way that has ever been read as one.
    for (const end of ['\n', '\r', '\r\n ', '\n ', '\0']) {
      const answer = await rawRequest(
        services.url,
        `GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${hostile}${end}X-Evil: 1\r\n\r\n`,
      );
      expect(answer.headers.get('x-request-id')).toMatch(MADE);
      expect(answer.headers.get('x-evil')).toBeNull();
      const made = answer.headers.get('x-request-id') ?? '';
      if (answer.status === 400) await waitFor(() => lines(made).length > 0, { what: `${made} in the log` });
    }
    await http.get('/v1/bots', { 'x-request-id': `${fit}-last` });
    await waitFor(() => lines(`${fit}-last`).length > 0, { what: 'the last in the log' });
    expect(services.api.logs()).not.toContain(hostile);
  });
}
