import { encodeTerminalFrame, INPUT_WINDOW_BYTES, TerminalFrameReader, type TerminalFrame } from '#contracts';
import { waitFor } from '#testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { duplexPair, type Duplex } from 'node:stream';
import { Terminal } from '../live/terminal.js';

describe('a terminal over its connection', () => {
  let own: Duplex;
  let agent: Duplex;
  let terminal: Terminal;
  let told: unknown[];
  let asked: TerminalFrame[];
  let room: boolean;

  beforeEach(() => {
    [own, agent] = duplexPair();
    [told, asked, room] = [[], [], true];
    const frames = new TerminalFrameReader();
    agent.on('data', (chunk: Buffer) => frames.read(chunk, (frame) => asked.push(frame)));
    terminal = new Terminal(
      own,
      { botId: 'alice', cols: 80, rows: 24 },
      {
        opened: () => told.push('opened'),
        refused: (problem) => told.push({ refused: problem?.code ?? null }),
        output: (text) => told.push(text),
        exit: (code, reason) => told.push({ exit: code, ...(reason && { reason }) }),
        hasRoom: () => room,
        fault: () => told.push('fault'),
      },
    );
  });

  const say = (...frames: TerminalFrame[]): boolean => agent.write(Buffer.concat(frames.map(encodeTerminalFrame)));
  const output = (bytes: Buffer | string): TerminalFrame => ({ kind: 'output', bytes: Buffer.from(bytes) });
  const until = (length: number): Promise<unknown> => waitFor(() => told.length >= length, { what: 'what it tells' });
  const inputBytes = (): number =>
    asked.reduce((sum, frame) => sum + (frame.kind === 'input' ? frame.bytes.length : 0), 0);

  test('asks for what was wanted, and tells all in order', async () => {
    say({ kind: 'opened' }, output('$ '), { kind: 'exit', exitCode: 3 });
    await until(3);
    expect(asked).toEqual([{ kind: 'open', cols: 80, rows: 24 }]);
    expect(told).toEqual(['opened', '$ ', { exit: 3 }]);
    expect(own.destroyed).toBe(true);
  });

  test('tells whole characters, however they are cut', async () => {
    const bytes = Buffer.from('aé€😀');
    say({ kind: 'opened' }, ...[...bytes].map((byte) => output(Buffer.from([byte]))));
    say(output(Buffer.from([0xe2, 0x82])), { kind: 'exit', exitCode: 0 });
    await until(7);
    expect(told).toEqual(['opened', 'a', 'é', '€', '😀', '\ufffd', { exit: 0 }]);
  });

  test('an end without a word is an exit without a code', async () => {
    say({ kind: 'opened' });
    await until(1);
    agent.end();
    await until(2);
    expect(told).toEqual(['opened', { exit: null, reason: 'connection_lost' }]);
  });

  test.each(['container_ended', 'connection_lost'] as const)('tells why there is no code: %s', async (reason) => {
    say({ kind: 'opened' }, { kind: 'exit', exitCode: null, reason });
    await until(2);
    expect(told).toEqual(['opened', { exit: null, reason }]);
  });

  test('a refusal is told, and nothing after it', async () => {
    say({ kind: 'refused', code: 'container_not_running', detail: 'x' }, output('late'));
    await until(1);
    expect(told).toEqual([{ refused: 'container_not_running' }]);
  });

  test('what makes no sense ends it', async () => {
    say(output('early'));
    await until(2);
    expect(told).toEqual(['fault', { refused: null }]);
  });

  test('sends no more input than is taken, and refuses what would wait without end', async () => {
    say({ kind: 'opened' });
    const piece = 'x'.repeat(8192);
    let accepted = 0;
    while (terminal.input(piece)) accepted += piece.length;
    expect(accepted).toBe(INPUT_WINDOW_BYTES + 256 * 1024);
    await waitFor(() => inputBytes() >= INPUT_WINDOW_BYTES, { what: 'the first input' });
    expect(inputBytes()).toBe(INPUT_WINDOW_BYTES);
    terminal.resize({ cols: 90, rows: 30 });
    await waitFor(() => asked.some(({ kind }) => kind === 'resize'), { what: 'a resize, past the input' });
    expect(inputBytes()).toBe(INPUT_WINDOW_BYTES);

    say({ kind: 'taken', bytes: 10 });
    await waitFor(() => inputBytes() === INPUT_WINDOW_BYTES + 10, { what: 'so much more input' });
    expect(terminal.input('0123456789')).toBe(true);
    expect(terminal.input('0')).toBe(false);
  });

  test('is not read while there is no room for what it says', async () => {
    say({ kind: 'opened' });
    await until(1);
    room = false;
    let written = 0;
    while (written < 10_000_000 && say(output(Buffer.alloc(10_000, 'x')))) {
      written += 10_000;
      await new Promise(setImmediate);
    }
    expect(written).toBeLessThan(1_000_000);
    const seen = (): number => told.filter((each) => typeof each === 'string').join('').length;
    const before = seen();
    room = true;
    terminal.resume();
    await waitFor(() => seen() > before, { what: 'the rest' });
  });
});
