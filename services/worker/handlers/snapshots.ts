import { factsOf, goneFacts, type BotFacts, type Snapshot } from '#domain';
import { RuntimeFailure } from '#runtime';
import { toObservation } from '../observation.js';
import { capture, discard, flattened, freeze } from './capture.js';
import { existing } from './container.js';
import type { Handler, HandlerContext } from './handler.js';

/** Takes a snapshot. A container that runs is frozen for it, and goes on whatever becomes of it. */
export const createSnapshot: Handler = async (context) => {
  const { snapshotId: id = '', scope } = context.operation.params;
  const container = await existing(context);
  const frozen = await freeze(context, container);
  const facts = await capture(context, container, { id, scope: scope === 'container' ? 'container' : 'all' }).finally(
    () => frozen.thaw(),
  );
  const freezeMs = frozen.elapsed();
  context.captured(id, { ...(await flattened(context, id, facts)), freezeMs });
  return { facts: await asItIs(context), result: { snapshotId: id } };
};

/** Removes a snapshot's files. What containers were made of them stays as long as those do. */
export const deleteSnapshot: Handler = async (context) => {
  const { snapshotId: id = '' } = context.operation.params;
  const snapshot = await recorded(context, id);
  context.report('removing');
  // A failed one may have more files than it knows of.
  const volumes = Math.max(snapshot.volumes.length, context.bot.paths.length, 1);
  await discard(context.runtime, id, volumes, context.signal);
  return { facts: await asItIs(context), result: { snapshotId: id } };
};

/** The snapshot that an operation was accepted for. */
export async function recorded(context: HandlerContext, id: string): Promise<Snapshot> {
  const snapshot = await context.snapshot(id);
  if (snapshot) return snapshot;
  throw new RuntimeFailure('image_not_found', 'The snapshot has been deleted meanwhile.', { retryable: false });
}

/** The container after what was no change of it: whatever has become of it, by itself or by other hands, is told. */
async function asItIs(context: HandlerContext): Promise<BotFacts> {
  const { bot, runtime, signal } = context;
  if (bot.containerId === null) return { state: bot.state };
  context.looking();
  const container = await runtime.inspect(bot.containerId, signal);
  return container ? factsOf(bot, toObservation(container)) : goneFacts(bot);
}
