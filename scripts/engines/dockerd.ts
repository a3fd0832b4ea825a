import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Progress } from '../progress.js';
import { canInstall, install } from './apt.js';
import { DEFAULT_SOCKET, askEngine } from './docker.js';
import { commandLine, run } from './process.js';

const START_DEADLINE_MS = 60_000;
const PID_FILE = '/var/run/docker.pid';

/** What to do where this machine cannot help itself. */
const INSTALL_HINT =
  'Install Docker Engine (on Debian or Ubuntu `npm start` as root does it), start it, and start Berth again; ' +
  'or set DOCKER_HOST, e.g. DOCKER_HOST=tcp://10.0.0.5:2376.';

export interface FoundEngine {
  /** As in DOCKER_HOST. */
  host: string;
  version: string;
  how: 'configured' | 'running' | 'started';
}

/** The Engine that answers already, if one does. A configured one that does not answer is a fault. */
export async function findEngine(): Promise<FoundEngine | { error: string }> {
  const configured = process.env['DOCKER_HOST']?.trim();
  if (configured) {
    const answer = await askEngine(configured, 5_000);
    if ('error' in answer) {
      throw new Error(
        `No Docker Engine answers at DOCKER_HOST=${configured} (${answer.error}). Correct it, start that Engine, or unset it.`,
      );
    }
    return { host: configured, version: answer.version, how: 'configured' };
  }
  let error = '';
  // Docker Desktop puts its socket into the user's home unless asked otherwise.
  for (const socket of [DEFAULT_SOCKET, join(homedir(), '.docker/run/docker.sock')]) {
    if (!existsSync(socket)) continue;
    const answer = await askEngine(`unix://${socket}`);
    if (!('error' in answer)) return { host: `unix://${socket}`, version: answer.version, how: 'running' };
    error ||= answer.error;
  }
  return { error: error || `${DEFAULT_SOCKET} does not exist` };
}

/** The Engine that answers, else Debian's or Ubuntu's, installed if missing and started. */
export async function ensureEngine(logFile: string, progress: Progress): Promise<FoundEngine> {
  const found = await findEngine();
  if (!('error' in found)) return found;
  if (/EACCES|permission denied/i.test(found.error)) {
    throw new Error(
      `Docker's socket is closed to this user. Run \`sudo usermod -aG docker $USER\`, log in again, and start again.`,
    );
  }
  if (process.getuid?.() !== 0) throw new Error(`No Docker Engine answers (${found.error}). ${INSTALL_HINT}`);
  if (!(await hasDockerd())) {
    if (!(await canInstall())) throw new Error(`No Docker Engine answers (${found.error}). ${INSTALL_HINT}`);
    await progress.step('Installing the Docker Engine (docker.io)', (note) => install(ENGINE_PACKAGES, note));
  }
  return progress.step('Starting the Docker Engine', async () => {
    // The package may have started it; a machine with systemd should have it run as the service it is.
    const already = await findEngine();
    if (!('error' in already)) return already;
    if (existsSync('/run/systemd/system'))
      await run('systemctl', ['start', 'docker'], { timeoutMs: START_DEADLINE_MS });
    else await launch(logFile);
    return untilAnswers(logFile);
  });
}

export const ENGINE_PACKAGES = ['docker.io', 'iptables'];

export async function hasDockerd(): Promise<boolean> {
  return (await run('dockerd', ['--version'])).code === 0;
}

/** Left running when Berth stops: the bots' containers live on in it. */
async function launch(logFile: string): Promise<void> {
  await removeStalePid();
  const log = await open(logFile, 'a', 0o600);
  const child = spawn('dockerd', [], { cwd: '/', detached: true, stdio: ['ignore', log.fd, log.fd] });
  child.once('error', () => undefined);
  child.unref();
  await log.close();
}

/** dockerd refuses to start where its old pid is in use, be it by another program. */
async function removeStalePid(): Promise<void> {
  const pid = Number(await readFile(PID_FILE, 'utf8').catch(() => ''));
  if (!pid) return;
  const command = await commandLine(pid);
  if (!command || !/\bdockerd\b/.test(command)) await rm(PID_FILE, { force: true });
}

async function untilAnswers(logFile: string): Promise<FoundEngine> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const found = await findEngine();
    if (!('error' in found)) return { ...found, how: 'started' };
    if (Date.now() > deadline) {
      throw new Error(
        `The Docker Engine was started but does not answer (${found.error}). Its log: ${logFile}, or \`journalctl -u docker\`.`,
      );
    }
    await delay(100);
  }
}
