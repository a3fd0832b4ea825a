import { type Server, type Socket, connect, createServer } from 'node:net';

/** What is kept back of a statement: its text, so that it never runs, or its answer, so that nobody learns that it did. */
export type Withheld = 'request' | 'answer';

export interface WithheldStatements {
  /** Resolves when so many statements are held. An answer counts once it has come. */
  reached(count?: number): Promise<void>;
  /** Holds no more; what is held stays so until its connection ends. */
  stop(): void;
}

interface Rule extends WithheldStatements {
  what: Withheld;
  words: string[];
  take(): void;
}

/** Stands between Berth and Postgres: cuts every connection, stalls, or withholds single statements by their words. */
export class PostgresProxy {
  readonly #pairs = new Set<{ near: Socket; far: Socket }>();
  readonly #rules = new Set<Rule>();
  #server: Server | null = null;
  #stalled = false;
  #port = 0;

  private constructor(private readonly target: URL) {}

  static async start(databaseUrl: string): Promise<PostgresProxy> {
    const proxy = new PostgresProxy(new URL(databaseUrl));
    await proxy.restore();
    return proxy;
  }

  /** The database's URL with the proxy's address in it. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  /** Withholds each statement whose message has all of the words in it, in its text or in its values. */
  withhold(what: Withheld, ...words: string[]): WithheldStatements {
    let taken = 0;
    const waiters: { count: number; resolve: () => void }[] = [];
    const rule: Rule = {
      what,
      words,
      take() {
        taken += 1;
        for (const waiter of waiters) if (taken >= waiter.count) waiter.resolve();
      },
      reached: (count = 1) => new Promise((resolve) => (taken >= count ? resolve() : waiters.push({ count, resolve }))),
      stop: () => void this.#rules.delete(rule),
    };
    this.#rules.add(rule);
    return rule;
  }

  /** As if the server had been stopped at once: connections break, new ones are refused. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    const closed = server && new Promise((resolve) => server.close(resolve));
    this.#breakAll();
    await closed;
  }

  /** As if its host had vanished: nothing is answered, nothing is refused. */
  stall(): void {
    this.#stalled = true;
    for (const { near, far } of this.#pairs) {
      near.pause();
      far.pause();
    }
  }

  async restore(): Promise<void> {
    this.#stalled = false;
    for (const { near, far } of this.#pairs) {
      near.resume();
      far.resume();
    }
    if (this.#server) return;
    const server = createServer({ noDelay: true }, (near) => this.#accept(near));
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(this.#port, '127.0.0.1', () => resolve()),
    );
    this.#port = (server.address() as { port: number }).port;
    this.#server = server;
  }

  async close(): Promise<void> {
    await this.cut();
  }

  #breakAll(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  #accept(near: Socket): void {
    const far = connect({ host: this.target.hostname, port: Number(this.target.port || 5432), noDelay: true });
    const pair = { near, far };
    this.#pairs.add(pair);
    let withheld: Rule | null = null;
    let isTaken = false;
    const take = (): void => {
      if (!isTaken) withheld?.take();
      isTaken = true;
    };
    near.on('data', (chunk: Buffer) => {
      withheld ??= this.#ruleFor(chunk);
      if (withheld?.what === 'request') take();
      else far.write(chunk);
    });
    far.on('data', (chunk: Buffer) => {
      if (withheld) take();
      else near.write(chunk);
    });
    for (const socket of [near, far]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
      if (this.#stalled) socket.pause();
    }
  }

  #ruleFor(chunk: Buffer): Rule | null {
    return [...this.#rules].find(({ words }) => words.every((word) => chunk.includes(word))) ?? null;
  }
}
