import { abortedFailure } from './deadline.js';
import { RuntimeFailure, type RuntimeFailureCode } from './failure.js';
import type { ContainerRuntime } from './port.js';

export type FakeMethod = Exclude<keyof ContainerRuntime, 'close'>;

/** A call held by a test. */
export interface Gate {
  /** Resolves when a call has arrived. */
  readonly reached: Promise<void>;
  /** Lets it go on. */
  open(): void;
}

type Fault =
  | { kind: 'before'; failure: RuntimeFailure }
  | { kind: 'after'; failure: RuntimeFailure }
  | { kind: 'hold'; arrive: () => void; opened: Promise<void> };

/** Faults to come, one queue per method; each call takes the first of its own. */
export class FaultPlan {
  private readonly queues = new Map<FakeMethod, Fault[]>();

  /** The next `times` calls fail and do nothing. */
  fail(method: FakeMethod, failure: RuntimeFailure | RuntimeFailureCode, times = 1): void {
    for (let i = 0; i < times; i++) this.add(method, { kind: 'before', failure: toRuntimeFailure(failure) });
  }

  /** The next call takes effect and fails nevertheless, like a connection lost before the answer. */
  failAfter(method: FakeMethod, failure: RuntimeFailure | RuntimeFailureCode): void {
    this.add(method, { kind: 'after', failure: toRuntimeFailure(failure) });
  }

  /** The next call waits, before it takes effect, until the gate opens or its signal aborts. */
  gate(method: FakeMethod): Gate {
    let arrive: () => void = () => undefined;
    let open: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.add(method, { kind: 'hold', arrive, opened });
    return { reached, open };
  }

  /** The next call waits until its signal aborts. */
  hang(method: FakeMethod): { readonly reached: Promise<void> } {
    return { reached: this.gate(method).reached };
  }

  clear(): void {
    this.queues.clear();
  }

  async run<T>(method: FakeMethod, signal: AbortSignal | undefined, effect: () => T | Promise<T>): Promise<T> {
    if (signal?.aborted) throw abortedFailure();
    const fault = this.queues.get(method)?.shift();
    if (fault?.kind === 'before') throw fault.failure;
    if (fault?.kind === 'hold') {
      fault.arrive();
      await orAborted(fault.opened, signal);
    }
    const result = await effect();
    if (fault?.kind === 'after') throw fault.failure;
    return result;
  }

  private add(method: FakeMethod, fault: Fault): void {
    const queue = this.queues.get(method) ?? [];
    queue.push(fault);
    this.queues.set(method, queue);
  }
}

const PERMANENT: readonly RuntimeFailureCode[] = [
  'image_not_found',
  'disk_full',
  'start_failed',
  'container_not_found',
  'container_not_running',
  'name_conflict',
];

function toRuntimeFailure(failure: RuntimeFailure | RuntimeFailureCode): RuntimeFailure {
  if (failure instanceof RuntimeFailure) return failure;
  return new RuntimeFailure(failure, `Injected ${failure}.`, { retryable: !PERMANENT.includes(failure) });
}

/** Waits for the promise, or throws `aborted` when the signal fires first. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  if (signal.aborted) throw abortedFailure();
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortedFailure());
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
