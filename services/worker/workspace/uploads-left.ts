import type { BotStore } from '#persistence';
import type { Log } from '#platform';
import { RuntimeFailure, type Programs } from '#runtime';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentRefusal } from '../agent/refusal.js';
import { notesIn } from '../notes.js';
import { Rounds } from '../rounds.js';
import { askFiles } from './files-program.js';
import { SWEEP_UNPACK, SWEEP_WRITE } from './files-scripts.js';

const RETRY_MS = 3_000;
const SWEEP_MS = 60_000;
const SCRIPTS = { write: SWEEP_WRITE, unpack: SWEEP_UNPACK };

export interface UploadNote {
  id: string;
  botKey: string;
  kind: keyof typeof SCRIPTS;
  path: string;
}

interface UploadsLeftParts {
  /** The node's private one. */
  directory: string;
  programs: Programs;
  bots: Pick<BotStore, 'findByKey'>;
  log: Log;
}

/**
 * Uploads under way, noted on the node's own disk: what was written of one stays where its container ended under it, and
 * is removed as soon as the bot's container runs again, by this process or the next.
 */
export class UploadsLeft {
  readonly #live = new Set<string>();
  readonly #rounds: Rounds;

  constructor(private readonly parts: UploadsLeftParts) {
    this.#rounds = new Rounds(
      RETRY_MS,
      () => this.#sweepLeft(),
      (error) => parts.log.warn({ err: error }, 'the notes of uploads could not be read'),
    );
  }

  /** Removes what is left, now and from time to time. */
  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Runs an upload, noted until it has ended in a way that leaves nothing. */
  async during<T>(note: UploadNote, run: () => Promise<T>): Promise<T> {
    const { directory } = this.parts;
    this.#live.add(note.id);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(this.#file(note.id), JSON.stringify(note), { mode: 0o600 });
      const answer = await run();
      await this.#forget(note.id);
      return answer;
    } catch (error) {
      if (hasTidied(error)) await this.#forget(note.id);
      throw error;
    } finally {
      this.#live.delete(note.id);
    }
  }

  async #sweepLeft(): Promise<void> {
    const left = (await notesIn(this.parts.directory)).filter((id) => !this.#live.has(id));
    for (const id of left) {
      try {
        if (await this.#sweep(id)) await this.#forget(id);
      } catch (error) {
        this.parts.log.warn({ err: error, upload: id }, 'what an upload has left could not be removed yet');
      }
    }
  }

  /** Whether nothing of it is left. */
  async #sweep(id: string): Promise<boolean> {
    const note = readNote(await readFile(this.#file(id), 'utf8'));
    // Killed while it was noted: it was not begun.
    if (!note) return true;
    const lane = await this.parts.bots.findByKey(note.botKey);
    if (!lane) return true;
    const { containerId, state } = lane.bot;
    if (containerId === null || state !== 'running') return false;
    const { programs } = this.parts;
    const { path, kind } = note;
    const signal = AbortSignal.timeout(SWEEP_MS);
    try {
      const call = { programs, containerId, what: 'removing what an upload has left', path, signal };
      const { words } = await askFiles(call, SCRIPTS[kind], [path, id]);
      return words[0] !== 'alive';
    } catch (error) {
      if (isAway(error)) return false;
      // Its place is gone, or is another.
      if (error instanceof AgentRefusal) return true;
      throw error;
    }
  }

  async #forget(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }

  #file(id: string): string {
    return join(this.parts.directory, id);
  }
}

function readNote(text: string): UploadNote | null {
  try {
    return JSON.parse(text) as UploadNote;
  } catch {
    return null;
  }
}

/** A refusal is told by its script, which has removed what it wrote; but not where the script was lost. */
function hasTidied(error: unknown): boolean {
  return error instanceof AgentRefusal && !isAway(error) && error.code !== 'node_unavailable';
}

function isAway(error: unknown): boolean {
  if (error instanceof RuntimeFailure)
    return error.code.startsWith('container_') || error.code === 'docker_unavailable';
  return error instanceof AgentRefusal && error.code.startsWith('container_');
}
