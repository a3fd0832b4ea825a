import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until the condition holds (is truthy) and returns what it answered. Past the deadline it fails, saying what
 * was waited for and what was last seen; a condition that throws does not hold yet.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: { what: string; deadlineMs?: number; everyMs?: number },
): Promise<NonNullable<T>> {
  const { what, deadlineMs = 10_000, everyMs = 20 } = options;
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    let seen: string;
    try {
      const value = await condition();
      if (value) return value;
      seen = `the condition was ${String(value)}`;
    } catch (error) {
      seen = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() >= deadline) throw new Error(`Waited ${deadlineMs} ms in vain for ${what}; at last ${seen}.`);
    await delay(everyMs);
  }
}
