import { testDockerHost } from '#testing';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { type NetConnectOpts, type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Call {
  method: string;
  path: string;
}

/**
 * Where a call is held. `before`: the engine never hears of it. `during`: the engine has it, and what it says is kept
 * back. `after`: the same, from the moment on when the engine has answered.
 */
export type Moment = 'before' | 'during' | 'after';

export interface Hold {
  /** Resolves when so many calls are held. */
  reached(count?: number): Promise<void>;
  calls: Call[];
  /** Lets go of what is held, and of what would be. */
  release(): void;
  /** Breaks off what is held, as the end of the process that asked for it does; what comes is let go. */
  drop(): void;
}

type Matcher = (call: Call) => boolean | Promise<boolean>;

interface Rule extends Hold {
  matches: Matcher;
  moment: Moment;
  take(call: Call, held: Held): void;
}

interface Held {
  release(): void;
  drop(): void;
}

interface Pair {
  near: Socket;
  far: Socket | null;
}

/** A Docker socket of one's own in front of the shared engine. The engine goes on; what is taken away is the way to it. */
export class DockerProxy {
  readonly calls: Call[] = [];
  readonly #rules = new Set<Rule>();
  readonly #pairs = new Set<Pair>();
  readonly #waiting = new Set<() => void>();
  #server: Server | null = null;
  #stalled = false;
  #resets = false;

  private constructor(
    private readonly dir: string,
    private readonly target: NetConnectOpts,
  ) {}

  static async start(): Promise<DockerProxy> {
    const url = new URL(testDockerHost());
    const target =
      url.protocol === 'unix:' ? { path: url.pathname } : { host: url.hostname, port: Number(url.port || 2375) };
    const proxy = new DockerProxy(await mkdtemp(join(tmpdir(), 'berth-docker-')), target);
    await proxy.#listen();
    return proxy;
  }

  get #path(): string {
    return join(this.dir, 'docker.sock');
  }
  /** As in DOCKER_HOST. */
  get host(): string {
    return `unix://${this.#path}`;
  }

  /** From now on each call that matches waits at that moment. */
  hold(matches: Matcher, moment: Moment): Hold {
    const held: Held[] = [];
    const waiters: { count: number; resolve: () => void }[] = [];
    const rule: Rule = {
      matches,
      moment,
      calls: [],
      take(call, each) {
        rule.calls.push(call);
        held.push(each);
        for (const waiter of waiters) if (rule.calls.length >= waiter.count) waiter.resolve();
      },
      reached: (count = 1) =>
        new Promise((resolve) => (rule.calls.length >= count ? resolve() : waiters.push({ count, resolve }))),
      release: () => {
        this.#rules.delete(rule);
        for (const each of held.splice(0)) each.release();
      },
      drop: () => {
        this.#rules.delete(rule);
        for (const each of held.splice(0)) each.drop();
      },
    };
    this.#rules.add(rule);
    return rule;
  }

  /**
   * As if the daemon were gone: open calls break off, new ones are refused; `resets`: accepted and cut at once, as by a
   * daemon that is about to die.
   */
  async cut(how: 'refuses' | 'resets' = 'refuses'): Promise<void> {
    this.#resets = how === 'resets';
    if (how === 'refuses') {
      // A socket file that nobody listens on refuses; closing the server would take its file along.
      await rename(this.#path, `${this.#path}.left`);
      this.#server?.close();
      await rename(`${this.#path}.left`, this.#path);
      this.#server = null;
    }
    this.#breakAll();
  }

  /** As if the daemon hung: everything stays open and nothing moves. */
  stall(): void {
    this.#stalled = true;
    for (const { near, far } of this.#pairs) {
      near.pause();
      far?.unpipe(near).pause();
    }
  }

  /** After `cut` and after `stall`; what was stalled goes on where it was. */
  async restore(): Promise<void> {
    this.#resets = false;
    this.#stalled = false;
    if (!this.#server) await this.#listen();
    for (const { near, far } of this.#pairs) {
      near.resume();
      far?.pipe(near);
    }
    for (const go of [...this.#waiting]) go();
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    this.#server?.close();
    this.#breakAll();
    await rm(this.dir, { recursive: true, force: true });
  }

  #breakAll(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far?.destroy();
    }
    this.#waiting.clear();
  }

  async #listen(): Promise<void> {
    await rm(this.#path, { force: true });
    const server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.#path, resolve));
    this.#server = server;
  }

  #accept(near: Socket): void {
    near.on('error', () => undefined);
    if (this.#resets) return void near.destroy();
    const pair: Pair = { near, far: null };
    this.#pairs.add(pair);
    near.on('close', () => {
      this.#pairs.delete(pair);
      pair.far?.destroy();
    });
    let head = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      head = Buffer.concat([head, chunk]);
      if (!head.includes('\r\n\r\n')) return;
      near.off('data', read).pause();
      const [method = '', path = ''] = head.toString('latin1').split(' ', 2);
      const call = { method, path: decodeURIComponent(path) };
      this.calls.push(call);
      const forward = (): void => void this.#forward(pair, head, call).catch((error: Error) => near.destroy(error));
      if (this.#stalled) this.#waiting.add(forward);
      else forward();
    };
    near.on('data', read);
  }

  async #forward(pair: Pair, head: Buffer, call: Call): Promise<void> {
    const rule = await this.#ruleFor(call);
    const drop = (): void => {
      pair.near.destroy();
      pair.far?.destroy();
    };
    if (rule?.moment === 'before') return rule.take(call, { release: () => void this.#join(pair, head), drop });
    const far = this.#join(pair, head, rule === null);
    if (!rule) return;
    const held: Held = { release: () => void far.pipe(pair.near), drop };
    if (rule.moment === 'after') far.once('readable', () => rule.take(call, held));
    else far.once('ready', () => this.#whenSent(pair, head, () => rule.take(call, held)));
  }

  async #ruleFor(call: Call): Promise<Rule | null> {
    for (const rule of this.#rules) if (await rule.matches(call)) return rule;
    return null;
  }

  #join(pair: Pair, head: Buffer, answers = true): Socket {
    const { near } = pair;
    const far = connect({ ...this.target, allowHalfOpen: true });
    pair.far = far;
    far.on('error', () => near.destroy());
    far.on('close', () => near.destroy());
    far.write(head);
    near.pipe(far);
    if (answers) far.pipe(near);
    return far;
  }

  /** Once the engine has the whole request. */
  #whenSent({ far }: Pair, head: Buffer, then: () => void): void {
    const text = head.toString('latin1');
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
    const whole = text.indexOf('\r\n\r\n') + 4 + length;
    const look = (): void => {
      if (!far || far.destroyed) return;
      if (far.bytesWritten >= whole && far.writableLength === 0) then();
      else setImmediate(look);
    };
    look();
  }
}

/** Of one container's calls, by what their path ends with. */
export const callOn =
  (method: string, id: string, end: string) =>
  (call: Call): boolean =>
    call.method === method && call.path.split('?')[0]?.endsWith(`/containers/${id}${end}`) === true;
