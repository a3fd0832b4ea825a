import { lazy, type ComponentType } from 'react';

const RETRY_MS = 1_000;
/** Of a part that does not come though the service is there. */
const ATTEMPTS = 3;
const later: (() => Promise<unknown>)[] = [];

/**
 * A part of the console that is loaded when it is first shown, or when the browser has nothing else to do: so that
 * nobody waits for it, and nobody is left without it when the service is away for a moment.
 */
export function lazily<P>(load: () => Promise<ComponentType<P>>) {
  later.push(load);
  return lazy(async () => ({ default: await untilLoaded(load) }));
}

/** Loads what may be needed next. */
export async function loadAhead(): Promise<void> {
  // What is loaded may have parts of its own.
  for (let load = later.shift(); load; load = later.shift()) await load().catch(() => undefined);
}

async function untilLoaded<T>(load: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await load();
    } catch (error) {
      // A page from before an update asks for what is no more: a reload brings the new one.
      if (attempts >= ATTEMPTS && !(await isAway())) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function isAway(): Promise<boolean> {
  return fetch('/livez', { cache: 'no-store' }).then(
    () => false,
    () => true,
  );
}
