import type { SocketClient } from '#testing';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { Agent, request } from 'undici';

/** A client of the service under measure: requests over kept connections, ends by the socket. */
export class BerthClient {
  readonly #agent: Agent;
  readonly #waiting = new Map<string, { status: string; heard: () => void }>();

  constructor(
    private readonly url: string,
    private readonly key: string,
    socket: SocketClient,
    connections: number,
  ) {
    this.#agent = new Agent({ connections, pipelining: 1 });
    socket.socket.on('event', (event: { botId: string; data: { status: string } }) => {
      const waiting = this.#waiting.get(event.botId);
      if (waiting?.status !== event.data.status) return;
      this.#waiting.delete(event.botId);
      waiting.heard();
    });
  }

  /** Sends a command and resolves when the socket tells the status. */
  async until(status: string, botId: string, verb: string, body: object = {}): Promise<void> {
    const heard = new Promise<void>((resolve) => this.#waiting.set(botId, { status, heard: resolve }));
    await this.post(`/v1/bots/${botId}/container${verb}`, body);
    await heard;
  }

  async post(path: string, body: object): Promise<void> {
    const answer = await request(this.url + path, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 202) throw new Error(`POST ${path} answered ${answer.statusCode}: ${text}`);
  }

  async containerId(bot: string): Promise<string> {
    const { containerId } = (await this.#send('GET', `/v1/bots/${bot}/container`)) as { containerId: string };
    return containerId;
  }

  /** Resolves when it is taken; its id. */
  async snapshot(bot: string, name: string): Promise<string> {
    return String((await this.#done('POST', `/v1/bots/${bot}/snapshots`, { name }))['snapshotId']);
  }

  /** Resolves when it runs again. What raw Docker does takes no snapshot first, so neither does this. */
  async restore(bot: string, id: string): Promise<void> {
    await this.#done('POST', `/v1/bots/${bot}/snapshots/${id}/restore`, { safetySnapshot: false });
  }

  async forget(bot: string, id: string): Promise<void> {
    await this.#done('DELETE', `/v1/bots/${bot}/snapshots/${id}`);
  }

  async exec(bot: string, command: string[]): Promise<void> {
    const { exitCode } = (await this.#send('POST', `/v1/bots/${bot}/exec`, { command })) as { exitCode: number };
    if (exitCode !== 0) throw new Error(`${command.join(' ')} exited with ${exitCode}`);
  }

  async upload(bot: string, path: string, bytes: Buffer): Promise<void> {
    const answer = await request(`${this.url}/v1/bots/${bot}/files/content?path=${encodeURIComponent(path)}`, {
      method: 'PUT',
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/octet-stream' },
      body: bytes,
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`an upload answered ${answer.statusCode}: ${text}`);
  }

  /** Read as an engine's archive is read: by Node's own client. */
  async download(bot: string, path: string): Promise<void> {
    const url = `${this.url}/v1/bots/${bot}/files/content?path=${encodeURIComponent(path)}`;
    const asked = get(url, { headers: { authorization: `Bearer ${this.key}` } });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    if (answer.statusCode !== 200) throw new Error(`a download answered ${answer.statusCode}`);
    for await (const _ of answer) continue;
  }

  /** Waits for an operation; what it came to. */
  async #done(method: 'POST' | 'DELETE', path: string, body?: object): Promise<Record<string, unknown>> {
    const answer = await this.#send(method, path, body, { prefer: 'wait=60' });
    const { operation } = answer as { operation: { status: string; result: Record<string, unknown>; error: unknown } };
    if (operation.status === 'succeeded') return operation.result;
    throw new Error(`${method} ${path} ended ${operation.status}: ${JSON.stringify(operation.error)}`);
  }

  async #send(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<unknown> {
    const answer = await request(this.url + path, {
      method,
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.key}`, ...(body && { 'content-type': 'application/json' }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.statusCode < 300) return answer.body.json();
    throw new Error(`${method} ${path} answered ${answer.statusCode}: ${await answer.body.text()}`);
  }

  async get(path: string): Promise<void> {
    const answer = await request(this.url + path, {
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.key}` },
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`GET ${path} answered ${answer.statusCode}: ${text}`);
  }

  async delete(botId: string): Promise<void> {
    const heard = new Promise<void>((resolve) => this.#waiting.set(botId, { status: 'absent', heard: resolve }));
    const answer = await request(`${this.url}/v1/bots/${botId}/container?purgeData=true`, {
      method: 'DELETE',
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.key}` },
    });
    await answer.body.dump();
    if (answer.statusCode === 202) await heard;
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}
