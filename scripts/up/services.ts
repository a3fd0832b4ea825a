import { NODE_FLAGS } from '#platform';
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endPid } from '../engines/process.js';
import { lastWords, openLog } from './log-file.js';
import { type Supervised, supervise } from './supervised.js';

export interface Installation {
  root: string;
  dataDir: string;
  /** When a process began, which with its pid names it for ever; empty where it is gone. */
  birth: (pid: number) => string;
}

export type ServiceName = 'api' | 'worker';
const NAMES: ServiceName[] = ['api', 'worker'];

/** Starts a service as its own process and keeps it running. Its output goes to its log file alone. */
export function startService(
  name: ServiceName,
  installation: Installation,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<Supervised> {
  const logFile = serviceLog(installation, name);
  return supervise({
    name,
    async launch() {
      const log = await openLog(logFile);
      try {
        const main = join(installation.root, 'dist/services', name, 'main.js');
        const child = spawn(process.execPath, [...NODE_FLAGS, main], {
          cwd: installation.root,
          env,
          // A session of its own: Ctrl-C in the terminal is for us, who then stop things in order.
          detached: true,
          stdio: ['ignore', log.fd, log.fd],
        });
        await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
        await remember(installation, name, child.pid);
        return child;
      } finally {
        await log.close();
      }
    },
    onFall(how, pauseMs) {
      void lastWords(logFile, 3).then((words) => {
        const said = words ? `\n  ${words.replaceAll('\n', '\n  ')}` : '';
        say(`The ${name} ${how}; starting it again in ${pauseMs / 1000} s. Its log: ${logFile}${said}`);
      });
    },
  });
}

export function serviceLog({ dataDir }: Installation, name: ServiceName): string {
  return join(dataDir, `logs/${name}.log`);
}

/** Services outlive a supervisor that was killed, and would hold the port and the node. They are asked to end. */
export async function endLeftovers(installation: Installation): Promise<string[]> {
  const ended: string[] = [];
  await Promise.all(
    NAMES.map(async (name) => {
      const [pid, born] = (await readFile(pidFile(installation, name), 'utf8').catch(() => '')).split(' ');
      if (!pid || !born || installation.birth(Number(pid)) !== born) return;
      await endPid(Number(pid), [
        { signal: 'SIGTERM', waitMs: 9_000 },
        { signal: 'SIGKILL', waitMs: 2_000 },
      ]);
      ended.push(name);
    }),
  );
  return ended;
}

export async function forget(installation: Installation): Promise<void> {
  await Promise.all(NAMES.map((name) => rm(pidFile(installation, name), { force: true })));
}

async function remember(installation: Installation, name: ServiceName, pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  await mkdir(join(installation.dataDir, 'run'), { recursive: true });
  await writeFile(pidFile(installation, name), `${pid} ${installation.birth(pid)}`);
}

function pidFile({ dataDir }: Installation, name: ServiceName): string {
  return join(dataDir, `run/${name}.pid`);
}
