import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * @typedef {{ pid: number, born: string, note: string }} Holder
 * @typedef {{ holder: null, update(note: string): void, release(): void }} Held
 */

/**
 * A lock that one process holds until it releases it or ends, however it ends: the file names the holder, and one
 * whose holder is gone counts for nothing. Answers whose it is where it is taken.
 * @param {string} file
 * @param {string} note read by whoever finds the lock taken
 * @returns {Held | { holder: Holder }}
 */
export function acquire(file, note) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = (text) => JSON.stringify({ pid: process.pid, born: birth(process.pid), note: text });
  const draft = `${file}.${process.pid}`;
  try {
    for (;;) {
      writeFileSync(draft, mine(note), { mode: 0o600 });
      try {
        // A link appears with its content, and only where there is no file: nobody reads half a lock.
        linkSync(draft, file);
        break;
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      const holder = read(file);
      if (holder && isHeldBy(holder)) return { holder };
      discard(file, holder);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    holder: null,
    update(text) {
      writeFileSync(draft, mine(text), { mode: 0o600 });
      renameSync(draft, file);
    },
    release() {
      if (read(file)?.pid === process.pid) rmSync(file, { force: true });
    },
  };
}

/** When the process started, in whatever unit the system tells: with the pid it names one process for ever. */
export function birth(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : `${bootId()}/${fields[19]}`;
  } catch {
    // Not Linux, or gone.
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8);
}

function isHeldBy(holder) {
  return holder.born !== '' && birth(holder.pid) === holder.born;
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Two may find the same stale lock: the slower one must not take away what the faster one has put there since. */
function discard(file, stale) {
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  const taken = read(aside);
  if (taken && JSON.stringify(taken) !== JSON.stringify(stale) && isHeldBy(taken)) {
    try {
      linkSync(aside, file);
    } catch {
      // Somebody else has it by now.
    }
  }
  rmSync(aside, { force: true });
}
