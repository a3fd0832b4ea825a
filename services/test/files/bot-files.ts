import { fileList, problemSchema, type FileEntry, type FileList, type Problem } from '#contracts';
import type { Answer } from '#testing';
import { expect } from '@jest/globals';
import type { TestBot } from '../support/bot.js';
import { exactly } from '../support/exact.js';
import type { System } from '../support/system.js';
import { Inside } from '../workspace/inside.js';

/** An answer whose body is bytes. */
export interface Bytes {
  status: number;
  headers: Headers;
  bytes: Buffer;
}

/** A bot's files as its owner would use them over HTTP. */
export class BotFiles {
  readonly inside: Inside;

  constructor(
    private readonly system: () => System,
    readonly bot: TestBot,
  ) {
    this.inside = new Inside(bot);
  }

  path(suffix: string, path: string, more = ''): string {
    return `/v1/bots/${this.bot.id}/files${suffix}?path=${encodeURIComponent(path)}${more}`;
  }

  list(path: string, more = ''): Promise<Answer> {
    return this.bot.http.get(this.path('', path, more));
  }

  async page(path: string, more = ''): Promise<FileList> {
    const answer = await this.list(path, more);
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200 });
    return exactly(fileList, answer.body);
  }

  /** All entries, from pages. */
  async entries(path: string, limit = 1000): Promise<FileEntry[]> {
    const found: FileEntry[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: FileList = await this.page(path, `&limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      expect(page.entries.length).toBeLessThanOrEqual(limit);
      found.push(...page.entries);
      cursor = page.nextCursor;
    }
    return found;
  }

  put(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> {
    return this.bot.http.request('PUT', this.path('/content', path), { body, headers });
  }

  putArchive(path: string, body: Uint8Array): Promise<Answer> {
    return this.bot.http.request('PUT', this.path('/archive', path), { body });
  }

  delete(path: string, more = ''): Promise<Answer> {
    return this.bot.http.delete(this.path('', path, more));
  }

  makeDirectory(path: string): Promise<Answer> {
    return this.bot.http.post(`/v1/bots/${this.bot.id}/files/directories`, { path });
  }

  move(from: string, to: string): Promise<Answer> {
    return this.bot.http.post(`/v1/bots/${this.bot.id}/files/move`, { from, to });
  }

  async get(path: string, headers: Record<string, string> = {}, suffix = '/content'): Promise<Bytes> {
    const { url, apiKey } = this.system().services;
    const response = await fetch(new URL(this.path(suffix, path), url), {
      headers: { authorization: `Bearer ${apiKey}`, ...headers },
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, bytes };
  }

  /** What a file holds, as text. */
  async text(path: string): Promise<string> {
    const { status, bytes } = await this.get(path);
    expect(status).toBe(200);
    return bytes.toString();
  }

  /** What any call has left beside what it was asked for, anywhere in the container. */
  leftovers(): Promise<string> {
    return this.inside.output('find / -xdev -name ".berth-*"; find /data -name ".berth-*"');
  }
}

export function problemIn({ status, bytes }: Bytes): Problem {
  const problem = exactly(problemSchema.strict(), JSON.parse(bytes.toString()));
  expect(problem.status).toBe(status);
  return problem;
}
