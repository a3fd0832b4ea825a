import type Docker from 'dockerode';
import { canBuild, buildImage } from './image-build.js';
import { dockerAt, hasImage, readReport } from './docker.js';
import type { Progress } from '../progress.js';

/** Where a registry cannot be reached, names often neither resolve nor fail for a long time. */
const FIRST_ANSWER_MS = 20_000;
const STALLED_MS = 60_000;
const PULL_MS = 15 * 60_000;

/** Makes sure that the Engine holds the image: it is there, or pulled, or built from the distribution's packages. */
export async function ensureImage(options: {
  dockerHost: string;
  ref: string;
  progress: Progress;
  signal: AbortSignal;
}): Promise<'present' | 'pulled' | 'built'> {
  const { dockerHost, ref, progress, signal } = options;
  const docker = dockerAt(dockerHost);
  if (await hasImage(docker, ref)) return 'present';

  let pullFault: string;
  try {
    await progress.step(`Pulling the image ${ref}`, (note) => pull(docker, ref, note, signal));
    return 'pulled';
  } catch (error) {
    signal.throwIfAborted();
    pullFault = error instanceof Error ? error.message : String(error);
  }

  const plan = await canBuild(ref);
  if ('reason' in plan) {
    throw new Error(
      `The image ${ref} could not be pulled (${oneLine(pullFault)}) and cannot be built here: ${plan.reason} ` +
        `Set BERTH_DEFAULT_IMAGE to an image that the Engine holds, or load one with \`docker load\`.`,
    );
  }
  progress.line(
    `The image ${ref} could not be pulled (${oneLine(pullFault)}); building it from ${plan.distribution.name}'s packages.`,
  );
  await progress.step(`Building the image ${ref}`, (note) => buildImage({ docker, ref, plan, note, signal }));
  return 'built';
}

async function pull(docker: Docker, ref: string, note: (text: string) => void, signal: AbortSignal): Promise<void> {
  const stalled = new AbortController();
  const giveUp = (ms: number): NodeJS.Timeout =>
    setTimeout(() => stalled.abort(new Error(`the registry sent nothing for ${ms / 1000} s`)), ms);
  let timer = giveUp(FIRST_ANSWER_MS);
  const abortSignal = AbortSignal.any([signal, stalled.signal, AbortSignal.timeout(PULL_MS)]);
  const aborted = new Promise<never>((_, reject) =>
    abortSignal.addEventListener('abort', () => reject(abortSignal.reason as Error), { once: true }),
  );
  const layers = new Map<string, { current: number; total: number }>();
  const work = async (): Promise<void> => {
    // Without a tag the Engine would pull all of them.
    const named = /[:@][^/]+$/.test(ref) ? ref : `${ref}:latest`;
    const stream = await docker.pull(named, { abortSignal });
    await readReport(stream, ({ id, progressDetail }) => {
      clearTimeout(timer);
      timer = giveUp(STALLED_MS);
      if (!id || !progressDetail?.total) return;
      layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total });
      const sum = (key: 'current' | 'total'): number =>
        [...layers.values()].reduce((total, layer) => total + layer[key], 0);
      note(`${Math.round((100 * sum('current')) / sum('total'))} % of ${layers.size} layers`);
    });
  };
  try {
    await Promise.race([work(), aborted]);
  } finally {
    clearTimeout(timer);
  }
  if (!(await hasImage(docker, ref))) throw new Error('the pull was cut off');
}

function oneLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/^\(HTTP code \d+\) [a-z ]+ - /, '').trim();
}
