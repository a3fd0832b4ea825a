import { setTimeout as delay } from 'node:timers/promises';
import { lastWords } from './log-file.js';
import { type Installation, type ServiceName, serviceLog } from './services.js';
import type { Stop } from './stop.js';

const DEADLINE_MS = 60_000;
/** One that ends this often before it was ever ready will not get better. */
const FALLS_TO_GIVE_UP = 3;

/** Waits until the API says that it and all it needs are ready. */
export async function untilReady(url: string, installation: Installation, stop: Stop): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  let last: string;
  for (;;) {
    stop.signal.throwIfAborted();
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
      const body = await response.text();
      if (response.status === 200) return;
      last = `${response.status} ${body.slice(0, 500)}`;
    } catch (error) {
      last = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    }
    for (const service of [stop.api, stop.worker]) {
      if (service && service.falls >= FALLS_TO_GIVE_UP) throw new Error(await obituary(service.name, installation));
    }
    if (Date.now() > deadline) {
      const logs = [serviceLog(installation, 'api'), serviceLog(installation, 'worker')].join(' and ');
      throw new Error(`${url}/readyz was not ready within ${DEADLINE_MS / 1000} s (${last}). Look into ${logs}.`);
    }
    await delay(50);
  }
}

async function obituary(name: string, installation: Installation): Promise<string> {
  const logFile = serviceLog(installation, name as ServiceName);
  return `The ${name} does not stay up. The end of ${logFile}:\n${await lastWords(logFile, 12)}`;
}
