import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createDockerRuntime } from '../docker-runtime.js';
import type { ContainerRuntime } from '../port.js';
import { failureOf } from './contract-helpers.js';
import { imageOf, json, reset, type EngineDouble } from './engine-double.js';
import { COMMIT, later, MADE, openImageDouble, REMOVE_HELPER, REMOVE_MADE, TAG } from './image-double.js';

const never = new AbortController().signal;
let engine: EngineDouble;
let runtime: ContainerRuntime;

beforeEach(async () => {
  engine = await openImageDouble('paused');
  runtime = createDockerRuntime({ dockerHost: engine.dockerHost, dataDir: engine.directory });
});
afterEach(async () => {
  await runtime.close();
  await engine.close();
});

const commit = (signal = never) => runtime.commit('box', 'a:1', { labels: {}, signal });

describe('commit', () => {
  test('names what the engine has made', async () => {
    expect(await commit()).toEqual({ id: MADE, sizeBytes: 1, layers: 1 });
    expect(engine.count(TAG)).toBe(1);
    expect(engine.count(REMOVE_MADE)).toBe(0);
  });

  test('that was given up ends at once, and what comes of it is removed', async () => {
    const slow = later(json(201, { Id: MADE }));
    engine.on(COMMIT, slow.answer);
    const controller = new AbortController();
    const failed = failureOf(commit(controller.signal));
    await engine.arrived(COMMIT);
    controller.abort();
    expect(await failed).toMatchObject({ code: 'aborted' });
    expect(engine.count(REMOVE_MADE)).toBe(0);
    slow.give();
    await engine.arrived(REMOVE_MADE);
    expect(engine.count(TAG)).toBe(0);
  });

  test.each([
    ['a lost answer', reset, 'docker_unavailable', true],
    ['a full disk', json(500, { message: 'write /x/layer.db: no space left on device' }), 'disk_full', false],
    ['too many layers', json(500, { message: 'max depth exceeded' }), 'docker_error', false],
  ])('that ends with %s is not sent again', async (_what, answer, code, retryable) => {
    engine.on(COMMIT, answer);
    expect(await failureOf(commit())).toMatchObject({ code, retryable });
    expect(engine.count(COMMIT)).toBe(1);
  });

  test('that cannot be named is removed', async () => {
    engine.on(TAG, json(500, { message: 'no space left on device' }));
    expect(await failureOf(commit())).toMatchObject({ code: 'disk_full' });
    await engine.arrived(REMOVE_MADE);
  });

  test('leaves the one it replaces where that has another name', async () => {
    engine.on('GET /images/a:1/json', imageOf({}, 'sha256:2', ['a:1', 'b:1']));
    await commit();
    expect(engine.count('DELETE /images/sha256:2')).toBe(0);
    engine.on('GET /images/a:1/json', imageOf({}, 'sha256:2', ['a:1']));
    engine.on('DELETE /images/sha256:2', json(200, []));
    await commit();
    expect(engine.count('DELETE /images/sha256:2')).toBe(1);
  });
});

test('a sweep leaves what only looks like a helper', async () => {
  const old = '2026-01-01T00:00:00Z';
  const helper = { 'berth.helper': old, 'berth.managed': '' };
  const listed = (Id: string, name: string, State: string, Labels: object) => ({
    Id,
    Names: [`/${name}`],
    State,
    Labels,
  });
  engine.on('GET /images/json', json(200, []));
  engine.on(
    'GET /containers/json',
    json(200, [
      listed('helper', 'berth-helper-1', 'created', helper),
      listed('bot', 'berth-acme-alice-1', 'created', { ...helper, 'berth.managed': 'true' }),
      listed('running', 'berth-helper-2', 'running', helper),
      listed('foreign', 'somebody', 'created', { 'berth.helper': old }),
      listed('young', 'berth-helper-3', 'created', { ...helper, 'berth.helper': new Date().toISOString() }),
    ]),
  );
  expect(await runtime.sweepHelpers(60_000, never)).toBe(1);
  expect(engine.requests.filter((request) => request.startsWith('DELETE'))).toEqual([REMOVE_HELPER]);
});
