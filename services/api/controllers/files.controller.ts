import {
  routes,
  type AgentAction,
  type ArchiveUnpacked,
  type DirectoryView,
  type FileList,
  type FileMoved,
  type FileWritten,
  type Route,
} from '#contracts';
import { BotStore, IdempotencyStore } from '#persistence';
import type { SecretBox } from '#platform';
import { Controller, Inject, type StreamableFile } from '@nestjs/common';
import type { Dispatcher } from 'undici';
import { AgentClient, type AgentRequest } from '../agent-client.js';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { DigestingBody, hasDigest, type BodyDigest } from '../http/digest.js';
import { idempotencyOf } from '../http/headers.js';
import { answerOnce } from '../http/once.js';
import { bodyOf } from '../http/uploads.js';
import { Connections } from '../live/connections.js';
import { SECRETS } from '../tokens.js';
import { locate } from '../workspace/containers.js';
import { streamed } from '../workspace/stream.js';
import { gone } from './answer.js';

/** A call may wait for a snapshot to let its container go, and for much to be moved or deleted. Milliseconds. */
const ANSWER_MS = 600_000;

type BotCall = Pick<CallOf<Route>, 'caller' | 'request' | 'reply'> & { params: { botId: string } };

@Controller()
export class FilesController {
  constructor(
    private readonly bots: BotStore,
    private readonly agents: AgentClient,
    private readonly connections: Connections,
    readonly idempotency: IdempotencyStore,
    @Inject(SECRETS) readonly secrets: SecretBox,
  ) {}

  @Endpoint(routes.listFiles)
  async list(@Call() call: CallOf<typeof routes.listFiles>): Promise<FileList> {
    const { path, limit, cursor } = call.query;
    const query = { path, limit: String(limit), ...(cursor !== undefined && { cursor }) };
    return (await (await this.#ask(call, 'files:read', { path: '/files', query })).body.json()) as FileList;
  }

  @Endpoint(routes.readFile)
  async read(@Call() call: CallOf<typeof routes.readFile>): Promise<StreamableFile> {
    const { range, 'if-range': condition } = call.request.headers;
    // Without a tag to compare, a range that depends on one is given as the whole.
    const wanted: Record<string, string> = range !== undefined && condition === undefined ? { range } : {};
    const answer = await this.#ask(call, 'files:read', {
      path: '/files/content',
      query: { path: call.query.path, ...wanted },
    });
    void call.reply.status(answer.statusCode).header('accept-ranges', 'bytes');
    for (const name of ['content-length', 'content-range', 'last-modified']) {
      const value = answer.headers[name];
      if (value !== undefined) void call.reply.header(name, value);
    }
    return streamed(answer.body, call, { type: 'application/octet-stream', lasting: this.connections });
  }

  @Endpoint(routes.writeFile)
  write(@Call() call: CallOf<typeof routes.writeFile>): Promise<FileWritten> {
    return this.#upload<FileWritten>(call, '/files/content', call.query.path);
  }

  @Endpoint(routes.createDirectory)
  createDirectory(@Call() call: CallOf<typeof routes.createDirectory>): Promise<DirectoryView> {
    const ask = { method: 'POST', path: '/files/directories', query: { path: call.body.path } } as const;
    return this.#once<DirectoryView>(call, () => this.#ask(call, 'files:write', ask));
  }

  @Endpoint(routes.moveFile)
  move(@Call() call: CallOf<typeof routes.moveFile>): Promise<FileMoved> {
    const { from, to } = call.body;
    const ask = { method: 'POST', path: '/files/move', query: { path: from, to } } as const;
    return this.#once<FileMoved>(call, () => this.#ask(call, 'files:write', ask));
  }

  @Endpoint(routes.deleteFile)
  delete(@Call() call: CallOf<typeof routes.deleteFile>): Promise<null> {
    const { path, recursive } = call.query;
    const ask = { method: 'DELETE', path: '/files', query: { path, recursive: String(recursive) } } as const;
    return this.#once<null>(call, () => this.#ask(call, 'files:write', ask));
  }

  @Endpoint(routes.readArchive)
  async readArchive(@Call() call: CallOf<typeof routes.readArchive>): Promise<StreamableFile> {
    const answer = await this.#ask(call, 'files:read', { path: '/files/archive', query: { path: call.query.path } });
    void call.reply.status(200);
    return streamed(answer.body, call, { type: 'application/x-tar', lasting: this.connections });
  }

  @Endpoint(routes.writeArchive)
  writeArchive(@Call() call: CallOf<typeof routes.writeArchive>): Promise<ArchiveUnpacked> {
    return this.#upload<ArchiveUnpacked>(call, '/files/archive', call.query.path);
  }

  async #ask(call: BotCall, action: AgentAction, ask: AgentRequest): Promise<Dispatcher.ResponseData> {
    const bot = await locate(this.bots, call.caller.tenant.id, call.params.botId);
    return this.agents.call(bot, action, { headersMs: ANSWER_MS, ...ask }, gone(call.reply));
  }

  async #upload<T>(call: BotCall, path: string, to: string): Promise<T> {
    // Known before the body is touched: who is refused here has sent it for nothing.
    await locate(this.bots, call.caller.tenant.id, call.params.botId);
    const announced = call.request.headers['content-length'];
    const bodyBytes = announced === undefined ? undefined : Number(announced);
    const digesting = idempotencyOf(call.request) ? new DigestingBody() : null;
    const upload = async (): Promise<Dispatcher.ResponseData> => {
      const raw = bodyOf(call.request);
      const body = digesting?.pass(raw) ?? raw;
      try {
        return await this.#ask(call, 'files:write', { method: 'PUT', path, query: { path: to }, body, bodyBytes });
      } finally {
        body.destroy();
      }
    };
    return this.#once<T>(call, upload, digesting);
  }

  async #once<T>(
    call: BotCall,
    ask: () => Promise<Dispatcher.ResponseData>,
    digesting: DigestingBody | null = null,
  ): Promise<T> {
    let statusCode = 0;
    return answerOnce<T>(this, call, {
      statusCode: () => statusCode,
      run: async () => {
        const answer = await ask();
        statusCode = answer.statusCode;
        return (statusCode === 204 ? null : await answer.body.json()) as T;
      },
      ...(digesting && {
        upload: {
          digest: () => digesting.digest(),
          isSame: (digest: BodyDigest) => hasDigest(bodyOf(call.request), digest),
        },
      }),
    });
  }
}
