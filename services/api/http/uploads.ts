import { routes, type Route } from '#contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PassThrough, type Readable } from 'node:stream';

/** Of no client's: what a body that is passed on as it comes is taken for, whatever it says it is. */
const UPLOAD_TYPE = 'application/x-berth-upload';
/** How long a client may take to send a body that is read here. Milliseconds. */
const BODY_MS = 30_000;
/** How long an upload may stand still. Milliseconds; a snapshot may hold its container for less. */
const STANDSTILL_MS = 180_000;
const BUFFER_BYTES = 1024 * 1024;

const UPLOADS = new Set(
  Object.values<Route>(routes).flatMap(({ method, path, upload }) => (upload === null ? [] : [`${method} ${path}`])),
);

function isUpload(request: FastifyRequest): boolean {
  return UPLOADS.has(`${request.method} ${request.routeOptions.url ?? ''}`);
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Lets the bodies of uploads through unread, of any type and size, for as long as they move. */
export function prepareUploads(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    const { raw } = request;
    if (isUpload(request)) {
      request.headers['content-type'] = UPLOAD_TYPE;
      raw.setTimeout(STANDSTILL_MS, () => raw.destroy());
      // What is done with it may take longer.
      raw.once('end', () => raw.setTimeout(0));
      return;
    }
    if (!hasBody(request)) return;
    const timer = setTimeout(() => raw.complete || raw.destroy(), BODY_MS);
    raw.once('close', () => clearTimeout(timer));
  });
  app.addContentTypeParser(UPLOAD_TYPE, (request, _payload, done) => {
    if (isUpload(request)) done(null);
    else done(Object.assign(new Error('not an upload'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }));
  });
}

/**
 * The body of an upload, to be passed on. Where whoever reads it ends before it does, the rest is dropped: closing while
 * the client still sends would break its connection before it has read why.
 */
export function bodyOf({ raw }: FastifyRequest): Readable {
  const body = new PassThrough({ readableHighWaterMark: BUFFER_BYTES, writableHighWaterMark: BUFFER_BYTES });
  const cut = (): void => {
    if (!raw.readableEnded) body.destroy(new Error('the upload was cut off'));
  };
  raw.once('error', cut).once('close', cut);
  body.once('error', () => undefined);
  body.once('close', () => {
    raw.unpipe(body);
    raw.resume();
  });
  return raw.pipe(body);
}
