import { DEADLINE_MS, DeadlineExceeded, withDeadline } from './deadline.js';
import type { EngineConnection } from './engine-connection.js';
import { RuntimeFailure } from './failure.js';
import { pullFailure } from './failures.js';
import { inspectImage } from './image-store.js';
import { readJsonLines } from './json-lines.js';
import type { Image, PullProgress } from './port.js';
import { PullTracker, type PullLine } from './pull-progress.js';

export interface EnsureImageOptions {
  signal: AbortSignal;
  onProgress?: ((progress: PullProgress) => void) | undefined;
}

/** Inspects the image and pulls it where it is missing. What Berth or a hash names exists nowhere else and is not pulled. */
export async function ensureImage(engine: EngineConnection, ref: string, options: EnsureImageOptions): Promise<Image> {
  const present = await inspectImage(engine, ref, options.signal);
  if (present) return { ref, id: present.Id };
  const missing = new RuntimeFailure('image_not_found', `There is no image ${ref}.`, { retryable: false });
  if (isLocalOnly(ref)) throw missing;
  try {
    await pull(engine, ref, options);
  } catch (error) {
    throw pullFailure(ref, error);
  }
  const pulled = await inspectImage(engine, ref, options.signal);
  if (!pulled) throw new RuntimeFailure('image_pull_failed', `The image ${ref} did not arrive.`, { retryable: true });
  options.onProgress?.({ percent: 100, detail: 'Pull complete' });
  return { ref, id: pulled.Id };
}

/** Somebody else could own `berth/...` on a public registry. */
function isLocalOnly(ref: string): boolean {
  return ref.startsWith('berth/') || /^(sha256:)?[0-9a-f]{64}$/.test(ref);
}

/** Splits off the tag or digest; without one, `latest`, since an empty tag makes the engine pull every tag. */
export function parseReference(ref: string): { fromImage: string; tag: string } {
  const at = ref.indexOf('@');
  if (at !== -1) return { fromImage: ref.slice(0, at), tag: ref.slice(at + 1) };
  const colon = ref.indexOf(':', ref.lastIndexOf('/') + 1);
  if (colon === -1) return { fromImage: ref, tag: 'latest' };
  return { fromImage: ref.slice(0, colon), tag: ref.slice(colon + 1) };
}

async function pull(engine: EngineConnection, ref: string, options: EnsureImageOptions): Promise<void> {
  // The engine sends its headers only once the registry has answered.
  const opened = await engine.openStream(
    'pull',
    { deadlineMs: DEADLINE_MS.idle, signal: options.signal },
    (abortSignal) => engine.docker.createImage({ ...parseReference(ref), abortSignal }),
  );
  const tracker = new PullTracker();
  const lines = readJsonLines(opened.stream);
  const started = Date.now();
  try {
    for (;;) {
      const left = started + DEADLINE_MS.pull - Date.now();
      const deadlineMs = Math.max(0, Math.min(DEADLINE_MS.idle, left));
      const next = await withDeadline({ call: 'pull', deadlineMs, signals: [opened.signal] }, () => lines.next());
      if (next.done) return;
      const line = next.value as PullLine;
      // The stream of a failed pull ends like any other: the failure is a line in it.
      if (line.error !== undefined) throw new Error(line.errorDetail?.message ?? line.error);
      const progress = tracker.update(line);
      if (progress) options.onProgress?.(progress);
    }
  } catch (error) {
    if (error instanceof DeadlineExceeded) {
      throw new RuntimeFailure('image_pull_failed', `The pull of ${ref} made no progress.`, {
        retryable: true,
        cause: error,
      });
    }
    throw error;
  } finally {
    opened.close();
  }
}
