import type http from 'node:http';
import { tarHeader, tarOf } from '../tar.js';
import { EngineDouble, imageOf, inspected, json, type Answer } from './engine-double.js';

export const MADE = 'sha256:1';
export const COMMIT = 'POST /commit';
export const CHANGES = 'GET /containers/c0ffee/changes';
export const READ = 'GET /containers/helper/archive';
export const PUT = 'PUT /containers/helper/archive';
export const IMPORT = 'POST /images/create';
export const TAG = `POST /images/${MADE}/tag`;
export const REMOVE_HELPER = 'DELETE /containers/helper';
export const REMOVE_MADE = `DELETE /images/${MADE}`;
export const NO_SPACE = 'Error processing tar file(exit status 1): write /parts/00000000: no space left on device';

/** An engine with a container `box` in this state, in which every call for images works; it makes the image `MADE`. */
export async function openImageDouble(status: string): Promise<EngineDouble> {
  const engine = await EngineDouble.open();
  const mounts = [{ Type: 'volume', Name: 'box-data', Destination: '/data', Source: '/x' }];
  const asked = [{ Target: '/data', VolumeOptions: { NoCopy: true } }];
  engine.on('GET /containers/box/json', inspected(status, { mounts, asked }));
  engine.on('GET /images/sha256:0/json', imageOf());
  engine.on(`GET /images/${MADE}/json`, imageOf({}, MADE));
  engine.on('GET /images/a:1/json', json(404, { message: 'No such image: a:1' }));
  engine.on(COMMIT, json(201, { Id: MADE }));
  engine.on(CHANGES, json(200, null));
  engine.on(TAG, json(201, {}));
  engine.on(REMOVE_MADE, json(200, []));
  engine.on('POST /containers/create', json(201, { Id: 'helper' }));
  engine.on(REMOVE_HELPER, json(204, {}));
  engine.on(READ, bytes(volumeTar()));
  engine.on(IMPORT, whole(json(200, { status: MADE })));
  engine.on(PUT, whole(json(200, {})));
  return engine;
}

/** What the engine sends of a volume with one file. */
export function volumeTar(): Buffer {
  return Buffer.concat([tarHeader('berth-volume/', 0), tarOf({ 'berth-volume/a': 'x'.repeat(5000) })]);
}

export function bytes(body: Buffer): Answer {
  return (_request, response) => response.writeHead(200).end(body);
}

/** Answers once the request has come in to its end. */
export function whole(answer: Answer): Answer {
  return (request, response) => request.on('end', () => answer(request, response));
}

/** Answers when the test says so. */
export function later(answer: Answer): { answer: Answer; give: () => void } {
  let pending: (() => void) | undefined;
  return {
    answer: (request, response) => {
      pending = () => answer(request, response);
    },
    give: () => pending?.(),
  };
}

/** Resolves when the next request of this name breaks off before its end. */
export function broken(engine: EngineDouble, name: string): Promise<void> {
  const isCut = (request: http.IncomingMessage, then: () => void) =>
    request.on('close', () => {
      if (!request.complete) then();
    });
  return new Promise((resolve) => engine.on(name, (request) => void isCut(request, resolve)));
}
