import { nameInCursor, plainPath } from '#contracts';
import type { Programs } from '#runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { randomBytes } from 'node:crypto';
import { readArchive, writeArchive } from '../workspace/files-archive.js';
import { readFile, writeFile } from '../workspace/files-content.js';
import { listFiles } from '../workspace/files-listing.js';
import { askFiles, type FileCall } from '../workspace/files-program.js';
import { DELETE, MAKE_DIRECTORY, MOVE } from '../workspace/files-scripts.js';
import type { UploadsLeft } from '../workspace/uploads-left.js';
import { closing, type Gate, type Inside } from './gate.js';

interface Query {
  path?: string;
  to?: string;
  limit?: string;
  cursor?: string;
  recursive?: string;
  range?: string;
}
type Asked = FastifyRequest<{ Querystring: Query }>;

interface Parts {
  gate: Gate;
  programs: Programs;
  uploads: UploadsLeft;
  /** Of one upload. Bytes. */
  maxUploadBytes: number;
}

/** Files of a running container, by programs within it. */
export function serveFiles(app: FastifyInstance, { gate, programs, uploads, maxUploadBytes }: Parts): void {
  const within = async <T>(
    request: Asked,
    reply: FastifyReply,
    { action, what }: { action: 'files:read' | 'files:write'; what: string },
    run: (call: FileCall, inside: Inside) => Promise<T>,
  ): Promise<T> => {
    const inside = await gate.running(request, action, reply.raw);
    const signal = closing(reply);
    const { containerId } = inside;
    const call = { programs, containerId, what, path: plainPath(request.query.path ?? ''), signal };
    return gate.enter(inside, signal, () => run(call, inside));
  };
  const reading = (what: string) => ({ action: 'files:read', what }) as const;
  const writing = (what: string) => ({ action: 'files:write', what }) as const;

  app.get<{ Querystring: Query }>('/files', (request, reply) =>
    within(request, reply, reading('listing a directory'), (call) => {
      const { limit = '50', cursor } = request.query;
      return listFiles(call, { limit: Number(limit), after: cursor === undefined ? null : nameInCursor(cursor) });
    }),
  );

  app.get<{ Querystring: Query }>('/files/content', (request, reply) =>
    within(request, reply, reading('reading a file'), async (call) => {
      const { bytes, size, modifiedAt, range, isPartial } = await readFile(call, request.query.range);
      void reply
        .status(isPartial ? 206 : 200)
        .header('content-length', range.bytes)
        .header('last-modified', modifiedAt.toUTCString())
        .type('application/octet-stream');
      if (isPartial) {
        void reply.header('content-range', `bytes ${range.first}-${range.first + range.bytes - 1}/${size}`);
      }
      return reply.send(bytes);
    }),
  );

  app.get<{ Querystring: Query }>('/files/archive', (request, reply) =>
    within(request, reply, reading('packing an archive'), async (call) =>
      reply.type('application/x-tar').send(await readArchive(call)),
    ),
  );

  app.post<{ Querystring: Query }>('/files/directories', (request, reply) =>
    within(request, reply, writing('making a directory'), async (call) => {
      const { words } = await askFiles(call, MAKE_DIRECTORY, [call.path]);
      return reply.status(words[0] === 'made' ? 201 : 200).send({ path: call.path });
    }),
  );

  app.post<{ Querystring: Query }>('/files/move', (request, reply) =>
    within(request, reply, writing('moving a file'), async (call) => {
      const to = plainPath(request.query.to ?? '');
      await askFiles(call, MOVE, [call.path, to, randomBytes(6).toString('hex')]);
      return { from: call.path, to };
    }),
  );

  app.delete<{ Querystring: Query }>('/files', (request, reply) =>
    within(request, reply, writing('deleting a file'), async (call) => {
      await askFiles(call, DELETE, [call.path, request.query.recursive === 'true' ? 'recursive' : '']);
      return reply.status(204).send();
    }),
  );

  void app.register((plugin, _options, done) => {
    // Passed on as it comes: `request.raw` is the body.
    plugin.removeAllContentTypeParsers();
    plugin.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    for (const [path, kind, what, write] of [
      ['/files/content', 'write', 'writing a file', writeFile],
      ['/files/archive', 'unpack', 'unpacking an archive', writeArchive],
    ] as const) {
      plugin.put<{ Querystring: Query }>(path, (request, reply) =>
        within(request, reply, writing(what), async (call, { bot }) => {
          const id = randomBytes(6).toString('hex');
          const note = { id, botKey: bot.key, kind, path: call.path };
          const { isNew, ...written } = await uploads.during(note, () =>
            write(call, request.raw, { id, maxBytes: maxUploadBytes }),
          );
          return reply.status(isNew ? 201 : 200).send(written);
        }),
      );
    }
    done();
  });
}
