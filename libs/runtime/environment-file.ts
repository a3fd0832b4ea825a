import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeFailure } from './failure.js';

/** Longer than any create may take, so that a file just written for a container to come is not pruned. */
const PRUNE_AFTER_MS = 60 * 60 * 1000;

/** One word of POSIX shell that stands for exactly this text. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Names that one shell or another keeps for itself: read-only, taken for a number, or set anew, so that an export of
 * them fails or is lost. One too many does no harm.
 */
const KEPT =
  /^(_|BASH.*|COLUMNS|COMP_.*|COPROC|DIRSTACK|ENV|EPOCH.*|EUID|FPATH|FUNC.*|GLOBIGNORE|GROUPS|HIST.*|IFS|KSH.*|LANG|LC_.*|LINE.*|MAIL.*|MAPFILE|OLDPWD|OPT(ARG|ERR|IND)|PGRP|PIPESTATUS|POSIXLY_CORRECT|PPID|PS[0-4]|PWD|RANDOM|READLINE_.*|REPLY|SECONDS|SHELLOPTS|SHLVL|SRANDOM|TMOUT|UID|USER_ID)$/;

/**
 * The script that a container's shell reads before it executes the caller's command, which are its `"$@"`. Names that
 * a shell keeps go past it, by the program env, in place of the command; the others do not, since arguments of a
 * program are not kept from other users of the node. Names are validated by the caller.
 */
export function renderEnvironment(env: Record<string, string>): string {
  const names = Object.keys(env);
  const exports = (some: string[]): string =>
    some.map((name) => `export ${name}=${shellQuote(env[name] ?? '')}\n`).join('');
  const kept = names.filter((name) => KEPT.test(name));
  const others = exports(names.filter((name) => !KEPT.test(name)));
  if (kept.length === 0) return others;
  const words = kept.map((name) => shellQuote(`${name}=${env[name] ?? ''}`)).join(' ');
  // To env, a command with `=` in its name would be one more assignment.
  return (
    `if [ "\${1#*=}" = "$1" ] && command -v env > /dev/null\n` +
    `then set -- "$(command -v env)" ${words} "$@"\n` +
    `else ${exports(kept)}fi\n${others}`
  );
}

/** Files with the values of containers' environments, one per container, in a directory that only this node's root may enter. */
export class EnvironmentFiles {
  private readonly directory: string;

  constructor(dataDir: string) {
    this.directory = join(dataDir, 'env');
  }

  pathOf(containerName: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(containerName)) throw new TypeError('Not a container name.');
    return join(this.directory, containerName);
  }

  /** Replaces the container's file in one step and returns its path. `readableByAll` is for images that do not run as root. */
  async write(containerName: string, env: Record<string, string>, readableByAll: boolean): Promise<string> {
    if (Object.values(env).some((value) => value.includes('\0'))) {
      throw new RuntimeFailure('docker_error', 'A value of the environment holds a NUL character.', {
        retryable: false,
      });
    }
    const path = this.pathOf(containerName);
    const draft = `${path}.${randomUUID()}~`;
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await chmod(this.directory, 0o700);
    try {
      await writeFile(draft, renderEnvironment(env), { mode: 0o400, flag: 'wx' });
      await chmod(draft, readableByAll ? 0o444 : 0o400);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return path;
  }

  async remove(containerName: string): Promise<void> {
    await rm(this.pathOf(containerName), { force: true });
  }

  /** Removes old files whose container is gone. `namesInUse` is asked only where there is something to prune. */
  async prune(namesInUse: () => Promise<Set<string>>): Promise<void> {
    const old: string[] = [];
    for (const name of await readdir(this.directory).catch(() => [])) {
      const written = await stat(join(this.directory, name)).catch(() => null);
      if (written && Date.now() - written.mtimeMs > PRUNE_AFTER_MS) old.push(name);
    }
    if (old.length === 0) return;
    const inUse = await namesInUse();
    for (const name of old) {
      if (!inUse.has(name)) await rm(join(this.directory, name), { force: true });
    }
  }
}
