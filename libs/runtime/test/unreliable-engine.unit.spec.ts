import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createDockerRuntime } from '../docker-runtime.js';
import { parseDockerHost } from '../engine-connection.js';
import { containerLabels } from '../labels.js';
import type { ContainerRuntime } from '../port.js';
import { EventLog, failureOf, readText, SpecFactory } from './contract-helpers.js';
import { EngineDouble, hang, hangAfterHeaders, imageOf, inspected, json, reset, type Answer } from './engine-double.js';

const never = new AbortController().signal;
const INSPECT = 'GET /containers/box/json';
let engine: EngineDouble;
let runtime: ContainerRuntime;
let hungCalls: string[];

beforeEach(async () => {
  engine = await EngineDouble.open();
  hungCalls = [];
  runtime = createDockerRuntime({
    dockerHost: engine.dockerHost,
    dataDir: engine.directory,
    onHungCall: (call) => hungCalls.push(call),
  });
  engine.on('GET /images/tiny:1/json', imageOf());
});
afterEach(async () => {
  await runtime.close();
  await engine.close();
});

describe('an engine that does not answer', () => {
  test.each([
    ['at all', hang],
    ['to the end', hangAfterHeaders],
  ])('%s is unavailable within 2 s', async (_what, answer) => {
    engine.on('GET /info', answer);
    engine.on('GET /version', answer);
    const asked = performance.now();
    expect(await failureOf(runtime.info())).toMatchObject({ code: 'docker_unavailable', retryable: true });
    expect(performance.now() - asked).toBeLessThan(2_500);
    expect(hungCalls).toEqual(['info']);
  });

  test('is unavailable at once where nobody listens', async () => {
    const nobody = createDockerRuntime({ dockerHost: 'unix:///nonexistent/docker.sock', dataDir: engine.directory });
    expect(await failureOf(nobody.info())).toMatchObject({ code: 'docker_unavailable' });
    expect(await failureOf(nobody.inspect('box'))).toMatchObject({ code: 'docker_unavailable' });
    await nobody.close();
  });

  test.each([hang, hangAfterHeaders])('is left when the caller gives up (%p)', async (answer) => {
    engine.on(INSPECT, answer);
    const controller = new AbortController();
    const failed = failureOf(runtime.inspect('box', controller.signal));
    await engine.arrived(INSPECT);
    controller.abort();
    expect(await failed).toMatchObject({ code: 'aborted' });
    expect(hungCalls).toEqual([]);
  });

  test('is left when the runtime closes', async () => {
    engine.on(INSPECT, hang);
    const failed = failureOf(runtime.inspect('box'));
    await engine.arrived(INSPECT);
    await runtime.close();
    expect(await failed).toMatchObject({ code: 'aborted' });
  });
});

describe('a lost or lying answer', () => {
  const lost: Answer[] = [reset, json(304, {}), json(500, { message: 'Container box is not paused' })];

  test.each(lost)('to start is judged by what became of it (%p)', async (answer) => {
    engine.on(INSPECT, inspected('created'), inspected('running'));
    engine.on('POST /containers/box/start', answer);
    await runtime.start('box', never);
    expect(engine.count('POST /containers/box/start')).toBe(1);
  });

  test('to start is a failure where nothing happened, and is not sent twice', async () => {
    engine.on(INSPECT, inspected('created'));
    engine.on('POST /containers/box/start', reset);
    expect(await failureOf(runtime.start('box', never))).toMatchObject({ code: 'docker_unavailable', retryable: true });
    expect(engine.count('POST /containers/box/start')).toBe(1);
  });

  test.each(lost)('to stop is judged by what became of it (%p)', async (answer) => {
    engine.on(INSPECT, inspected('running'), inspected('exited'));
    engine.on('POST /containers/box/stop', answer);
    await runtime.stop('box', 1, never);
  });

  test('to stop is followed by a kill where it still runs', async () => {
    engine.on(INSPECT, inspected('running'));
    engine.on('POST /containers/box/stop', json(500, { message: 'cannot stop' }));
    engine.on('POST /containers/box/kill', json(204, {}));
    engine.on('POST /containers/box/wait', json(200, { StatusCode: 137 }));
    await runtime.stop('box', 1, never);
    expect(engine.count('POST /containers/box/kill')).toBe(1);
  });

  test.each(lost)('to pause and resume is judged by what became of it (%p)', async (answer) => {
    engine.on(INSPECT, inspected('running'), inspected('paused'));
    engine.on('POST /containers/box/pause', answer);
    await runtime.pause('box', never);
    engine.on(INSPECT, inspected('paused'), inspected('running'));
    engine.on('POST /containers/box/unpause', answer);
    await runtime.resume('box', never);
  });

  test('to create is settled by the container of that name', async () => {
    const spec = new SpecFactory('tiny:1').make({ name: 'box', volumes: [] });
    engine.on('POST /containers/create', reset);
    engine.on(INSPECT, inspected('created', { labels: containerLabels(spec.identity) }));
    expect(await runtime.create(spec, never)).toMatchObject({ id: 'c0ffee', identity: spec.identity });
  });

  test('to create is a failure where there is no such container', async () => {
    const spec = new SpecFactory('tiny:1').make({ name: 'box', volumes: [] });
    engine.on('POST /containers/create', reset);
    engine.on(INSPECT, json(404, { message: 'No such container: box' }));
    expect(await failureOf(runtime.create(spec, never))).toMatchObject({ code: 'docker_unavailable', retryable: true });
    expect(engine.count('POST /containers/create')).toBe(1);
  });

  test('to remove is a success where the container is gone', async () => {
    engine.on(INSPECT, inspected('exited'));
    engine.on('DELETE /containers/c0ffee', reset);
    engine.on('GET /containers/c0ffee/json', json(404, { message: 'No such container' }));
    await runtime.remove('box', never);
  });
});

describe('a container on its way out', () => {
  const gone = json(404, { message: 'No such container: c0ffee' });

  test('is waited for by remove', async () => {
    engine.on(INSPECT, inspected('removing'));
    engine.on('DELETE /containers/c0ffee', json(409, { message: 'removal of container box is already in progress' }));
    engine.on('GET /containers/c0ffee/json', inspected('removing'), inspected('removing'), gone);
    await runtime.remove('box', never);
  });

  test('is waited for by create, which then has the name', async () => {
    const spec = new SpecFactory('tiny:1').make({ name: 'box', volumes: [] });
    const taken = json(409, { message: 'The container name "/box" is already in use by container "c0ffee"' });
    engine.on('POST /containers/create', taken, taken, json(201, { Id: 'd00d' }));
    engine.on(INSPECT, inspected('removing'));
    engine.on('GET /containers/d00d/json', inspected('created', { labels: containerLabels(spec.identity) }));
    expect(await runtime.create(spec, never)).toMatchObject({ identity: spec.identity });
    expect(engine.count('POST /containers/create')).toBe(3);
  });
});

describe('streams', () => {
  test('of events that the engine ends are a failure', async () => {
    engine.on('GET /events', (_request, response) => {
      response.writeHead(200);
      response.end();
    });
    const log = new EventLog(runtime, {});
    await log.opened;
    await expect(log.ended).rejects.toMatchObject({ code: 'docker_unavailable' });
  });

  test('of events whose engine has gone silent are noticed', async () => {
    engine.on('GET /events', (_request, response) => {
      response.writeHead(200);
      response.flushHeaders();
    });
    engine.on('GET /_ping', hang);
    const log = new EventLog(runtime, {});
    await expect(log.ended).rejects.toMatchObject({ code: 'docker_unavailable' });
    expect(hungCalls).toEqual(['ping']);
  }, 15_000);

  test('of logs that break off are a failure', async () => {
    engine.on('GET /containers/box/logs', (request, response) => {
      response.writeHead(200);
      response.write(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 65]), () => request.socket.destroy());
    });
    const text = readText(runtime.logs('box', { tail: 1, follow: true, signal: never }));
    expect(await failureOf(text)).toMatchObject({ code: 'docker_unavailable' });
  });

  test('of a pull fail by a line in them', async () => {
    engine.on('GET /images/a/b:1/json', json(404, { message: 'No such image: a/b:1' }));
    engine.on(
      'POST /images/create',
      json(200, { error: 'manifest unknown', errorDetail: { message: 'manifest unknown' } }),
    );
    const failure = await failureOf(runtime.ensureImage('a/b:1', { signal: never }));
    expect(failure).toMatchObject({ code: 'image_not_found', retryable: false });
  });
});

describe('parseDockerHost', () => {
  test.each([
    [undefined, { socketPath: '/var/run/docker.sock' }],
    ['unix:///run/x.sock', { socketPath: '/run/x.sock' }],
    ['tcp://10.0.0.1:2376', { host: '10.0.0.1', port: 2376 }],
    ['tcp://engine', { host: 'engine', port: 2375 }],
  ])('reads %s', (dockerHost, endpoint) => {
    expect(parseDockerHost(dockerHost)).toEqual(endpoint);
  });

  test.each(['unix://relative', 'ssh://host', 'host:2375'])('refuses %s', (dockerHost) => {
    expect(() => parseDockerHost(dockerHost)).toThrow(TypeError);
  });
});
