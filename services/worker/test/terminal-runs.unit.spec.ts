import { RuntimeFailure, type Program, type Programs, type RuntimeFailureCode } from '#runtime';
import { waitFor } from '#testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { RunEnds } from '../workspace/run-ends.js';
import { END_RUN, HANG_UP } from '../workspace/scripts.js';
import { TerminalRuns } from '../workspace/terminal-runs.js';

/** A container's shell, as far as ending a run needs one. */
class Shell {
  /** What was done, as `hang up RUN` and `end RUN`. */
  readonly done: string[] = [];
  fails: RuntimeFailureCode | null = null;
  /** What a script tells. */
  answer: (script: string) => string = (script) => (script === HANG_UP ? 'told\n' : 'ended\n');

  readonly programs: Programs = {
    hasPath: async () => true,
    execute: async (_containerId, { argv, user }) => {
      const [, , script = '', , run = ''] = argv;
      if (this.fails) throw new RuntimeFailure(this.fails, 'x', { retryable: false });
      if (script === HANG_UP) this.done.push(`hang up ${run}`);
      if (script === END_RUN) this.done.push(`end ${run}${user === '0' ? '' : ` as ${user}`}`);
      const output = new PassThrough().end(this.answer(script));
      const program: Program = {
        id: 'x',
        stdin: new PassThrough(),
        output: (take) => {
          const told = new PassThrough();
          output.on('data', (piece: Buffer) => take('stdout', piece, (bytes) => told.write(bytes)));
          output.on('end', () => told.end());
          return told;
        },
        exitCode: async () => 0,
        finish: () => undefined,
        resize: async () => undefined,
        close: () => undefined,
      };
      return program;
    },
  };
}

describe('what runs in terminals', () => {
  let directory: string;
  let shell: Shell;
  let runs: TerminalRuns;
  const gone = Promise.resolve();

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'berth-runs-')), 'terminals');
    shell = new Shell();
    runs = next();
  });
  afterEach(async () => {
    await runs.stop();
    rmSync(join(directory, '..'), { recursive: true });
  });

  const next = (): TerminalRuns =>
    new TerminalRuns({
      directory,
      programs: shell.programs,
      ends: new RunEnds({ programs: shell.programs, bans: { during: (_containerId, run) => run() } }),
      log: { warn: () => undefined } as never,
    });
  const noted = (): string[] => (existsSync(directory) ? readdirSync(directory) : []);

  test('is noted before it begins, and no more once it has ended', async () => {
    await runs.note('a', 'container');
    expect(noted()).toEqual(['a']);
    await runs.forget('a');
    expect([noted(), shell.done]).toEqual([[], []]);
  });

  test('is hung up and then killed', async () => {
    await runs.note('a', 'container');
    await runs.end('a', 'container', gone);
    expect([noted(), shell.done]).toEqual([[], ['hang up a', 'end a']]);
  });

  test('and has ended already is not waited for', async () => {
    shell.answer = () => 'ended\n';
    await runs.note('a', 'container');
    await runs.end('a', 'container');
    expect([noted(), shell.done]).toEqual([[], ['hang up a', 'end a']]);
  });

  test('and belongs to other users is ended by each of them', async () => {
    shell.answer = (script) => {
      if (script === HANG_UP) return 'told\n';
      const isLeft = shell.done.at(-1) === 'end a' && !shell.done.includes('end a as 33');
      return isLeft ? 'left\n7:70\n1000\n33\n' : 'ended\n';
    };
    await runs.note('a', 'container');
    await runs.end('a', 'container', gone);
    // Root looks once more: it alone sees of all of them whether they are gone.
    expect([noted(), shell.done]).toEqual([[], ['hang up a', 'end a', 'end a as 1000', 'end a as 33', 'end a']]);
  });

  test('is ended by the next worker, which leaves its own alone', async () => {
    await runs.note('left', 'container');
    runs = next();
    await runs.note('own', 'container');
    runs.start();
    await waitFor(() => noted().length === 1, { what: 'the end of what was left' });
    expect([noted(), shell.done]).toEqual([['own'], ['hang up left', 'end left']]);
  });

  test('was noted by a worker that was killed meanwhile, and was never begun', async () => {
    mkdirSync(directory);
    writeFileSync(join(directory, 'a'), '');
    runs.start();
    await waitFor(() => noted().length === 0, { what: 'the note to go' });
    expect(shell.done).toEqual([]);
  });

  test.each<RuntimeFailureCode>(['container_not_found', 'container_not_running'])(
    'went with its container: %s',
    async (code) => {
      await runs.note('a', 'container');
      shell.fails = code;
      await runs.end('a', 'container', gone);
      expect(noted()).toEqual([]);
    },
  );

  test.each<RuntimeFailureCode>(['container_paused', 'docker_unavailable'])(
    'and cannot be ended now is ended later: %s',
    async (code) => {
      await runs.note('a', 'container');
      shell.fails = code;
      await runs.end('a', 'container', gone);
      expect(noted()).toEqual(['a']);
      shell.fails = null;
      runs.start();
      await waitFor(() => noted().length === 0, { what: 'the end' });
      expect(shell.done).toEqual(['hang up a', 'end a']);
    },
  );

  test('in a container that has no room for a shell is ended later', async () => {
    await runs.note('a', 'container');
    shell.answer = () => '';
    await runs.end('a', 'container', gone);
    expect(noted()).toEqual(['a']);
  });
});
