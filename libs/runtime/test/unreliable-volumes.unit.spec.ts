import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createDockerRuntime } from '../docker-runtime.js';
import type { ContainerRuntime } from '../port.js';
import { TAR_END, tarHeader, tarOf } from '../tar.js';
import { failureOf } from './contract-helpers.js';
import { hang, imageOf, json, reset, type Answer, type EngineDouble } from './engine-double.js';
import {
  broken,
  bytes,
  IMPORT,
  later,
  MADE,
  NO_SPACE,
  openImageDouble,
  PUT,
  READ,
  REMOVE_HELPER,
  REMOVE_MADE,
  TAG,
  volumeTar,
  whole,
} from './image-double.js';

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

const archive = (signal = never) => runtime.archive('box', '/data', 'a:1', { labels: {}, signal });

describe('archive', () => {
  test('removes its helper before it is done', async () => {
    expect(await archive()).toEqual({ id: MADE, sizeBytes: 1, layers: 1 });
    expect(engine.count(REMOVE_HELPER)).toBe(1);
    expect(engine.count(REMOVE_MADE)).toBe(0);
  });

  test('succeeds where its helper cannot be removed', async () => {
    engine.on(REMOVE_HELPER, json(500, { message: 'device or resource busy' }));
    expect(await archive()).toMatchObject({ id: MADE });
  });

  const half = volumeTar().subarray(0, 3000);
  const breakOff: Answer = (request, response) => {
    response.writeHead(200);
    response.write(half, () => request.socket.destroy());
  };
  const link = Buffer.concat([tarHeader('berth-volume', 0), TAR_END]);
  test.each([
    ['breaks off', breakOff, { code: 'docker_unavailable', retryable: true }],
    ['ends too early', bytes(half), { code: 'docker_error', retryable: true }],
    ['is no volume', bytes(link), { code: 'docker_error', retryable: false }],
    ['does not begin', json(500, { message: 'mount failed' }), { code: 'docker_error', retryable: true }],
  ])('of a stream that %s makes nothing', async (_what, answer, failure) => {
    engine.on(READ, answer);
    engine.on(IMPORT, hang);
    expect(await failureOf(archive())).toMatchObject(failure);
    expect(engine.count(REMOVE_HELPER)).toBe(1);
    expect(engine.count(TAG)).toBe(0);
  });

  test.each([
    ['an answer', json(500, { message: NO_SPACE })],
    ['a line of the answer', json(200, { error: NO_SPACE })],
  ])('says that the disk is full, by %s', async (_how, answer) => {
    engine.on(IMPORT, whole(answer));
    expect(await failureOf(archive())).toMatchObject({ code: 'disk_full', retryable: false });
    // Before the engine has taken everything, too.
    engine.on(IMPORT, answer);
    engine.on(READ, (_request, response) => void response.writeHead(200).write(half));
    expect(await failureOf(archive())).toMatchObject({ code: 'disk_full', retryable: false });
    expect(engine.count(REMOVE_HELPER)).toBe(2);
  });

  test('that was given up in the middle cuts its streams', async () => {
    const controller = new AbortController();
    engine.on(READ, (_request, response) => void response.writeHead(200).write(half));
    const cut = broken(engine, IMPORT);
    const failed = failureOf(archive(controller.signal));
    await engine.arrived(READ);
    await engine.arrived(IMPORT);
    controller.abort();
    expect(await failed).toMatchObject({ code: 'aborted' });
    await cut;
    expect(engine.count(REMOVE_HELPER)).toBe(1);
  });

  test('that was given up at its end removes what comes of it', async () => {
    const controller = new AbortController();
    const slow = later(json(200, { status: MADE }));
    const sent = new Promise<void>((resolve) => {
      engine.on(
        IMPORT,
        whole((request, response) => {
          slow.answer(request, response);
          resolve();
        }),
      );
    });
    const failed = failureOf(archive(controller.signal));
    await sent;
    controller.abort();
    expect(await failed).toMatchObject({ code: 'aborted' });
    slow.give();
    await engine.arrived(REMOVE_MADE);
  });

  test('that was given up before it had its helper removes that', async () => {
    const controller = new AbortController();
    const slow = later(json(201, { Id: 'helper' }));
    engine.on('POST /containers/create', slow.answer);
    const failed = failureOf(archive(controller.signal));
    await engine.arrived('POST /containers/create');
    controller.abort();
    expect(await failed).toMatchObject({ code: 'aborted' });
    slow.give();
    await engine.arrived(REMOVE_HELPER);
    expect(engine.count(READ)).toBe(0);
  });
});

describe('unarchive', () => {
  const unarchive = (signal = never) => runtime.unarchive('a:1', 'box', '/data', { signal });

  beforeEach(async () => {
    await runtime.close();
    await engine.close();
    engine = await openImageDouble('created');
    runtime = createDockerRuntime({ dockerHost: engine.dockerHost, dataDir: engine.directory });
    engine.on('GET /images/a:1/json', imageOf({ Labels: { 'berth.archive': '1' } }));
    engine.on(READ, bytes(tarOf({ 'parts/00000000': volumeTar().toString('latin1') })));
  });

  test('removes its helpers', async () => {
    await unarchive();
    expect(engine.count(REMOVE_HELPER)).toBe(2);
  });

  test('removes the one helper that was made where the other was not', async () => {
    engine.on(
      'POST /containers/create',
      json(201, { Id: 'helper' }),
      json(500, { message: 'no space left on device' }),
    );
    expect(await failureOf(unarchive())).toMatchObject({ code: 'disk_full' });
    expect(engine.count(REMOVE_HELPER)).toBe(1);
  });

  test.each([
    ['a full disk', whole(json(500, { message: NO_SPACE })), 'disk_full', false],
    ['a lost answer', whole(reset), 'docker_unavailable', true],
  ])('fails with %s', async (_what, answer, code, retryable) => {
    engine.on(PUT, answer);
    expect(await failureOf(unarchive())).toMatchObject({ code, retryable });
    expect(engine.count(REMOVE_HELPER)).toBe(2);
  });

  test('fails, and cuts the stream, where a part is missing', async () => {
    const part = tarOf({ big: 'x'.repeat(5_000_000) }).subarray(0, 4 * 1024 * 1024);
    const gap = tarOf({ 'parts/00000000': part.toString('latin1'), 'parts/00000002': 'x' });
    engine.on(READ, bytes(gap));
    const cut = broken(engine, PUT);
    expect(await failureOf(unarchive())).toMatchObject({ code: 'docker_error', retryable: true });
    await cut;
  });

  test('ends when it is given up', async () => {
    const controller = new AbortController();
    engine.on(PUT, hang);
    const failed = failureOf(unarchive(controller.signal));
    await engine.arrived(PUT);
    controller.abort();
    expect(await failed).toMatchObject({ code: 'aborted' });
    expect(engine.count(REMOVE_HELPER)).toBe(2);
  });
});
