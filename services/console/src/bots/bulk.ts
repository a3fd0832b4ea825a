import type { BerthClient, Container } from '#client';
import { canDo, send, type Verb } from '../bot/actions';
import { told } from '../ui/problem';

const WIDTH = 4;
export type BulkVerb = Extract<Verb, 'start' | 'stop' | 'delete'>;

/** What has become of a command for many bots, so far. */
export interface Outcome {
  verb: BulkVerb;
  total: number;
  succeeded: number;
  /** Bots for which it is not possible now. */
  skipped: string[];
  failed: { botId: string; reason: string }[];
}

export const endedOf = ({ succeeded, failed }: Outcome): number => succeeded + failed.length;

/** Sends it to a few at once and waits for each; `tell` is called after every one. */
export async function runBulk(
  client: BerthClient,
  bots: Container[],
  verb: BulkVerb,
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const able = bots.filter((bot) => canDo(bot, verb));
  const skipped = bots.filter((bot) => !canDo(bot, verb)).map(({ botId }) => botId);
  const outcome: Outcome = { verb, total: able.length, succeeded: 0, skipped, failed: [] };
  tell({ ...outcome });
  const queue = able.values();
  await Promise.all(
    Array.from({ length: WIDTH }, async () => {
      for (const { botId } of queue) {
        try {
          await client.operations.wait(await send(client, botId, verb));
          outcome.succeeded += 1;
        } catch (error) {
          outcome.failed.push({ botId, reason: told(error).detail });
        }
        tell({ ...outcome, failed: [...outcome.failed] });
      }
    }),
  );
}
