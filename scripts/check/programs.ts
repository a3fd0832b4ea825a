import { canInstall, install } from '../engines/apt.js';
import { run } from '../engines/process.js';
import type { Progress } from '../progress.js';
import type { Engine } from './needs.js';

/** Of Debian; the Docker Engine is another matter (enclosure.ts). */
const PROGRAMS: Record<Engine, { program: string; debianPackage: string }[]> = {
  postgres: [],
  redis: [{ program: 'redis-server', debianPackage: 'redis-server' }],
  chromium: [{ program: 'chromium', debianPackage: 'chromium' }],
  docker: [{ program: 'busybox', debianPackage: 'busybox-static' }],
};

/** Installs what the engines need and the machine lacks, without starting it as a service of the machine. */
export async function ensurePrograms(engines: Engine[], progress: Progress): Promise<void> {
  const missing: string[] = [];
  for (const { program, debianPackage } of engines.flatMap((engine) => PROGRAMS[engine])) {
    if ((await run('sh', ['-c', `command -v ${program}`])).code !== 0) missing.push(debianPackage);
  }
  if (missing.length === 0) return;
  const list = missing.join(' and ');
  if (!(await canInstall()))
    throw new Error(`The tests need ${list} (Debian's packages): install them and run the tests again.`);
  await progress.step(`Installing ${list}`, (note) => install(missing, note, { startServices: false }));
}
