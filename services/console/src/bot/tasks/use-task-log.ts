import { BerthError, type LogLine, type Task } from '#client';
import { useEffect, useState } from 'react';
import { useSession } from '../../session/session';
import { addLines, NO_LINES, type Lines } from './log-lines';

const TAIL = 1_000;
const PAINT_MS = 100;
/** As many wait to be painted; a task that writes faster is read slower, and its stream holds it back. */
const MOST_WAITING = 1_000;
const AGAIN_MS = { first: 500, most: 10_000 };

export type LogState =
  | { at: 'reading' | 'following' | 'ended' }
  /** It broke off, and is tried again by itself. */
  | { at: 'broken' }
  | { at: 'failed'; error: unknown };

/** What a task writes, as it does. Where the stream breaks off, the last lines are read again, since they have no numbers. */
export function useTaskLog({ botId, id }: Task): { lines: Lines; state: LogState; again: () => void } {
  const { client } = useSession();
  const [lines, setLines] = useState(NO_LINES);
  const [state, setState] = useState<LogState>({ at: 'reading' });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const follow = async (): Promise<void> => {
      for (let wait = AGAIN_MS.first; !signal.aborted; wait = Math.min(wait * 2, AGAIN_MS.most)) {
        try {
          const began = Date.now();
          await readOnce(signal, () => setState({ at: 'following' }));
          if (Date.now() - began > AGAIN_MS.most) wait = AGAIN_MS.first;
          if (!signal.aborted) setState({ at: 'ended' });
          return;
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof BerthError && error.retryable)) return setState({ at: 'failed', error });
          setState({ at: 'broken' });
          await pause(wait, signal);
        }
      }
    };
    const readOnce = async (within: AbortSignal, told: () => void): Promise<void> => {
      let waiting: LogLine[] = [];
      let isFirst = true;
      let painted = Promise.resolve();
      const paint = (): void => {
        const more = waiting;
        const before = isFirst ? NO_LINES : null;
        waiting = [];
        isFirst = false;
        told();
        setLines((known) => addLines(before ?? known, more));
      };
      let timer: ReturnType<typeof setTimeout> | null = null;
      // A task that has written nothing yet is followed too.
      const opened = setTimeout(() => isFirst && told(), 1_000);
      try {
        for await (const line of client.bots.tasks(botId).followLogs(id, { tail: TAIL }, { signal: within })) {
          waiting.push(line);
          if (timer === null) {
            painted = new Promise((resolve) => {
              timer = setTimeout(() => {
                timer = null;
                paint();
                resolve();
              }, PAINT_MS);
            });
          }
          if (waiting.length >= MOST_WAITING) await painted;
        }
      } finally {
        clearTimeout(opened);
        if (timer !== null) clearTimeout(timer);
        if (!within.aborted && waiting.length > 0) paint();
      }
    };
    void follow();
    return () => controller.abort();
  }, [client, botId, id, round]);
  return { lines, state, again: () => setRound((before) => before + 1) };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
