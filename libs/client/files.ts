import type { Http } from './http.js';
import type { CallOptions, ChangeOptions } from './options.js';
import { allOf } from './pages.js';
import type {
  ArchiveUnpacked,
  Directory,
  FileDelete,
  FileEntry,
  FileList,
  FileMove,
  FileMoved,
  FilePageQuery,
  FileWritten,
} from './types.js';
import { uploadOf, type UploadBody, type UploadOptions } from './upload.js';

export interface ReadOptions extends CallOptions {
  /** Bytes `from` to `to`, both counted from 0 and both part of it; without `to`, up to the end. */
  range?: { from: number; to?: number };
}

/** Files inside a running container, by absolute paths. */
export class FilesOf {
  readonly #http: Http;
  readonly #params: { botId: string };

  /** @internal */
  constructor(http: Http, botId: string) {
    this.#http = http;
    this.#params = { botId };
  }

  /** One page of a directory. */
  list(path: string, query: FilePageQuery = {}, options?: CallOptions): Promise<FileList> {
    const asked = { params: this.#params, query: { ...query, path }, options };
    return this.#http.json('listFiles', 'GET', '/v1/bots/:botId/files', asked);
  }

  /** All entries of a directory. */
  all(path: string, options?: CallOptions): AsyncGenerator<FileEntry, void, undefined> {
    return allOf(async (cursor) => {
      const { entries, nextCursor } = await this.list(path, { cursor, limit: 1000 }, options);
      return { items: entries, nextCursor };
    });
  }

  /** A file, or a range of it, to be read as text, bytes or a stream from the `Response`. */
  read(path: string, { range, ...options }: ReadOptions = {}): Promise<Response> {
    const headers = range && { range: `bytes=${range.from}-${range.to ?? ''}` };
    const asked = { params: this.#params, query: { path }, options, headers: { accept: '*/*', ...headers } };
    return this.#http.open('readFile', 'GET', '/v1/bots/:botId/files/content', asked);
  }

  /** Writes a file, whole or not at all; directories above it are made. */
  write(path: string, body: UploadBody, options?: UploadOptions): Promise<FileWritten> {
    const asked = { params: this.#params, query: { path }, ...uploadOf(body, options) };
    return this.#http.json('writeFile', 'PUT', '/v1/bots/:botId/files/content', asked);
  }

  /** Makes a directory and those above it. */
  mkdir(path: string, options?: ChangeOptions): Promise<Directory> {
    const asked = { params: this.#params, body: { path }, options };
    return this.#http.json('createDirectory', 'POST', '/v1/bots/:botId/files/directories', asked);
  }

  /** A file at the other end is replaced, a directory is not. */
  move(body: FileMove, options?: ChangeOptions): Promise<FileMoved> {
    const asked = { params: this.#params, body, options };
    return this.#http.json('moveFile', 'POST', '/v1/bots/:botId/files/move', asked);
  }

  /** A file, a link or an empty directory; with `recursive`, any directory. */
  async delete(path: string, query: FileDelete = {}, options?: ChangeOptions): Promise<void> {
    const asked = { params: this.#params, query: { ...query, path }, options };
    await this.#http.json('deleteFile', 'DELETE', '/v1/bots/:botId/files', asked);
  }

  /** A file or a directory as a tar. */
  archive(path: string, options?: CallOptions): Promise<Response> {
    const asked = { params: this.#params, query: { path }, options, headers: { accept: '*/*' } };
    return this.#http.open('readArchive', 'GET', '/v1/bots/:botId/files/archive', asked);
  }

  /** Unpacks an uncompressed tar under a directory, whole or not at all. */
  extract(path: string, body: UploadBody, options?: UploadOptions): Promise<ArchiveUnpacked> {
    const asked = { params: this.#params, query: { path }, ...uploadOf(body, options) };
    return this.#http.json('writeArchive', 'PUT', '/v1/bots/:botId/files/archive', asked);
  }
}
