import { expect, test } from '@jest/globals';
import { operationOf } from '../support/bot.js';
import { expectProblem } from '../support/exact.js';
import { rawRequest } from '../support/raw-http.js';
import type { System } from '../support/system.js';
import { pathsOf, refuses } from './refuses.js';

const JSON_TYPE = { 'content-type': 'application/json' };

/** Bodies that are malformed, too large, of the wrong type, or empty. */
export function bodies(system: () => System): void {
  test('what is not JSON, or no object', async () => {
    const { id } = system().bot('json');
    const create = `/v1/bots/${id}/container`;
    for (const body of ['{', '{"start":', 'start=true', '\u0000', '{"start":true}}', '[1,2', "{'start':true}", '   ']) {
      await refuses(system().http, 'POST', create, body);
    }
    for (const body of ['[]', 'null', '"text"', '7', 'true', '[{"start":true}]']) {
      const answer = await system().http.request('POST', create, { body });
      // `null` is no body at all, for which every member has a default.
      if (body !== 'null') expectProblem(answer, 400, 'validation_failed');
      else expect(answer.status).toBeLessThan(500);
    }
    const notUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    await refuses(system().http, 'POST', create, notUtf8);
  });

  test('unknown members and prototypes, each named', async () => {
    const create = system().bot('unknown').path();
    const unknown = await refuses(system().http, 'POST', create, {
      start: false,
      more: 1,
      resources: { gpus: 2, disk: 1 },
    });
    expect(pathsOf(unknown).sort()).toEqual(['more', 'resources.disk', 'resources.gpus']);
    await refuses(system().http, 'POST', create, '{"__proto__": {"start": true}}');
    await refuses(system().http, 'POST', create, '{"constructor": {"prototype": {"start": true}}}');
    await refuses(system().http, 'POST', create, '{"env": {"__proto__": {"A": "1"}}}');
    await refuses(system().http, 'POST', create, '{"labels": {"constructor": 1}}');
    await refuses(system().http, 'POST', create, '{"resources": {"__proto__": {"cpus": 1}}}');
    for (const verb of ['start', 'restart', 'pause', 'resume'])
      await refuses(system().http, 'POST', `${create}/${verb}`, { now: true });
    await refuses(system().http, 'POST', `${create}/stop`, { timeoutSeconds: 1, force: true });
    await refuses(system().http, 'POST', '/v1/api-keys', { name: 'x', scopes: ['containers:read'], secret: 'mine' });
    await refuses(system().http, 'POST', '/v1/tenants', { name: 'x', slug: 'y' });
    expectProblem(await system().bot('unknown').ask('start'), 404, 'bot_not_found');
  });

  test('wrong types and values out of range', async () => {
    const bot = system().bot('types');
    const wrong: Record<string, unknown>[] = [
      { start: 'yes' },
      { start: 1 },
      { image: 7 },
      { image: '' },
      { image: 'UPPER/Case' },
      { image: 'a b' },
      { image: '-x' },
      { image: 'x:' },
      { image: `x@sha256:${'0'.repeat(63)}` },
      { image: `x${'/y'.repeat(300)}` },
      { image: '../../etc/passwd' },
      { image: 'x?tag=1' },
      { resources: [] },
      { resources: { cpus: '1' } },
      { resources: { cpus: 0 } },
      { resources: { cpus: -1 } },
      { resources: { cpus: 1e9 } },
      { resources: { memoryMb: 5 } },
      { resources: { memoryMb: 64.5 } },
      { resources: { memoryMb: 9_007_199_254_740_993 } },
      { resources: { pids: 1 } },
      { resources: { pids: null } },
      { env: [] },
      { env: { 'NO-NAME': '1' } },
      { env: { '': '1' } },
      { env: { '1A': '1' } },
      { env: { A: 1 } },
      { env: { A: 'x'.repeat(32_769) } },
      { env: Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`A${i}`, ''])) },
      { labels: { ' ': 'x' } },
      { labels: { a: 'x'.repeat(1_025) } },
      { command: 'sleep 1' },
      { command: [] },
      { command: [''] },
      { command: [1] },
      { command: Array.from({ length: 257 }, () => 'x') },
      { network: 'host' },
      { autoStopSeconds: -1 },
      { autoStopSeconds: 31_536_001 },
      { fromSnapshot: 'x' },
    ];
    for (const body of wrong) {
      const answer = await bot.askCreate(body);
      expect({ body, status: answer.status }).toEqual({ body, status: 400 });
      expect(pathsOf(expectProblem(answer, 400, 'validation_failed'))[0]?.split('.')[0]).toBe(Object.keys(body)[0]);
    }
    for (const timeoutSeconds of [-1, 301, 1.5, '10', null]) {
      await refuses(system().http, 'POST', bot.path('/stop'), { timeoutSeconds });
    }
    expectProblem(await system().http.get(bot.path()), 404, 'bot_not_found');
  });

  test('NUL and lone surrogates in every text', async () => {
    const bot = system().bot('text');
    for (const bad of ['\\u0000', 'a\\u0000b', '\\ud800', 'x\\udfffy']) {
      for (const body of [
        `{"env":{"A":"${bad}"}}`,
        `{"env":{"${bad}":"1"}}`,
        `{"labels":{"a":"${bad}"}}`,
        `{"labels":{"${bad}":"1"}}`,
        `{"command":["echo","${bad}"]}`,
        `{"image":"${bad}"}`,
        `{"network":"${bad}"}`,
        `{"${bad}":1}`,
      ]) {
        await refuses(system().http, 'POST', bot.path(), body);
      }
      await refuses(system().http, 'POST', '/v1/api-keys', `{"name":"${bad}","scopes":["containers:read"]}`);
      await refuses(system().http, 'POST', '/v1/tenants', `{"name":"${bad}"}`);
    }
    // What is odd but text is taken as it is.
    const odd = { labels: { odd: '\u{1F600} \u202E \u2028 \u007f' }, env: { ODD: '\u0001\u{10FFFF}' } };
    await bot.run('create', odd);
    expect((await bot.get()).labels).toEqual(odd.labels);
  });

  test('too large a body gets 413, a wrong or doubtful content type 400', async () => {
    const bot = system().bot('large');
    const large = await system().http.post(bot.path(), `{"image":"${'x'.repeat(10 * 1024 * 1024)}"}`);
    expectProblem(large, 413, 'payload_too_large');
    expectProblem(await system().http.post(bot.path(), 'x'.repeat(256 * 1024 + 1)), 413, 'payload_too_large');
    // Nor does it help to leave unsaid how much there is to come, or to send it in small pieces.
    const { url, apiKey } = system().services;
    const head = `POST ${bot.path()} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: application/json\r\n`;
    for (const size of [300 * 1024, 1000]) {
      const chunk = `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;
      const body = `${chunk.repeat(Math.ceil((300 * 1024) / size))}0\r\n\r\n`;
      const answer = await rawRequest(url, `${head}Transfer-Encoding: chunked\r\n\r\n${body}`);
      expectProblem(answer, 413, 'payload_too_large');
    }
    // A limit that is told is a limit that can be reached.
    const room = 256 * 1024 - '{"labels":{"a":""}}'.length;
    const full = await refuses(system().http, 'POST', bot.path(), `{"labels":{"a":"${'x'.repeat(room)}"}}`);
    expect(pathsOf(full)).toEqual(['labels.a']);
    const nested = `{"labels":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    await refuses(system().http, 'POST', bot.path(), nested);

    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense', '/']) {
      const answer = await refuses(system().http, 'POST', bot.path(), '{"start":true}', { 'content-type': type });
      expect(answer.detail).toContain('application/json');
    }
    const text = await system().http.post(bot.path(), 'x'.repeat(10 * 1024 * 1024), { 'content-type': 'text/plain' });
    expectProblem(text, 400, 'validation_failed');
    // The connection is good for another request.
    expectProblem(await system().http.get(bot.path()), 404, 'bot_not_found');
  });

  test('an empty body is fine for verbs, whatever its type says', async () => {
    const bot = system().bot('empty');
    const created = await system().http.request('POST', bot.path(), { headers: { ...JSON_TYPE, prefer: 'wait=30' } });
    expect(operationOf(created).status).toBe('succeeded');
    for (const headers of [{}, JSON_TYPE]) {
      for (const verb of ['start', 'pause', 'resume', 'restart', 'stop']) {
        const answer = await system().http.request('POST', bot.path(`/${verb}`), {
          headers: { ...headers, prefer: 'wait=30' },
        });
        expect(operationOf(answer).status).toBe('succeeded');
      }
    }
    expect((await system().http.request('DELETE', bot.path(), { headers: JSON_TYPE })).status).toBe(202);
  });
}
