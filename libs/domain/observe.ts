import type { Bot, Change, Lane } from './bot.js';
import { ChangeBuilder } from './change.js';
import { predecessorFailed, type BotFacts } from './run.js';
import type { ContainerState, Exit } from './vocabulary.js';

/** An engine's own view of a container, without its vendor's words. */
export interface Observation {
  containerId: string;
  /** `restarting`: it ended and the engine will start it again. */
  engineState: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** Of the last end; null where it is not known, as where the engine has restarted the process since. */
  exitCode: number | null;
  oomKilled: boolean;
  startedAt: string | null;
  finishedAt: string | null;
}

/**
 * Records what happened behind Berth's back. While an operation runs, its own worker tells the truth at its
 * end, so nothing is recorded here (null). `observation` null: the container is gone, and `last` is what was heard of
 * its end.
 */
export function observe(lane: Lane, observation: Observation | null, last: LastEnd | null = null): Change | null {
  const { bot } = lane;
  if (lane.operations.some((operation) => operation.status === 'running' && bot.state !== 'unknown')) return null;
  const facts = observation ? factsOf(bot, observation) : removedFacts(lane, last);
  if (!facts || !differs(bot, facts)) return null;
  return new ChangeBuilder(lane)
    .updateBot(facts)
    .reproject((waiting, state) => predecessorFailed(null, waiting, state))
    .build();
}

/** What an event told of an end that the engine no longer knows. */
export interface LastEnd {
  exitCode: number | null;
  oomKilled: boolean;
}

/** Of a container that somebody removed: one that was up ended by that, and not as it had ended before. */
function removedFacts({ bot, now }: Lane, last: LastEnd | null): BotFacts {
  const wasUp = bot.state === 'running' || bot.state === 'paused';
  if (!wasUp) return goneFacts(bot);
  const exit: Exit = last
    ? describeExit(last.exitCode, last.oomKilled, now)
    : { code: null, oomKilled: false, at: now, cause: 'killed' };
  return { ...goneFacts(bot), exit };
}

/** Marks what a silent node may no longer vouch for. A bot without a container has nothing to be unsure of. */
export function markUnknown(lane: Lane): Change | null {
  if (lane.bot.state === 'unknown' || (lane.bot.state === 'absent' && lane.bot.containerId === null)) return null;
  const builder = new ChangeBuilder(lane).updateBot({ state: 'unknown' });
  return builder.reproject((waiting, state) => predecessorFailed(null, waiting, state)).build();
}

/** An end of the main process that an operation asks for. */
export interface AskedEnd {
  /** The last end before it was asked for, which is none of the operation's making. RFC 3339. */
  since: string | null;
  /** When the operation began: an earlier attempt of it may have sent the signal. RFC 3339. */
  from: string | null;
}

/** What a bot's container is, by the engine's word, by what was known before, and by what an operation asked for. */
export function factsOf(bot: Bot, observation: Observation, asked: AskedEnd | null = null): BotFacts {
  const found = exitOf(bot, observation);
  const exit = asked && found && isDown(observation) ? asAskedFor(found, asked) : found;
  return {
    state: stateOf(bot, observation, exit),
    containerId: observation.containerId,
    startedAt: observation.startedAt ?? bot.startedAt,
    exit,
  };
}

export function goneFacts(bot: Bot): BotFacts {
  return {
    state: 'absent',
    containerId: null,
    image: null,
    settings: null,
    sealedEnv: null,
    paths: bot.hasData ? bot.paths : [],
    currentSnapshotId: null,
    containerCreatedAt: null,
    startedAt: null,
  };
}

/**
 * A main process that ended by itself in error leaves its container `failed`; one that ended well, or was told
 * to end, `stopped`. Judged once, when it ends.
 */
function stateOf(bot: Bot, observation: Observation, exit: Exit | null): ContainerState {
  switch (observation.engineState) {
    case 'running':
      return 'running';
    case 'paused':
      return 'paused';
    case 'restarting':
    case 'dead':
      return 'failed';
    case 'created':
    case 'exited':
    case 'removing': {
      // Where it is being removed, its process has ended.
      if (exit?.asked) return 'stopped';
      const sameEnd = exit?.at === bot.exit?.at;
      if (sameEnd && (bot.state === 'stopped' || bot.state === 'failed')) return bot.state;
      return exit === null ? 'stopped' : stoppedOrFailed(exit);
    }
  }
}

function isDown({ engineState }: Observation): boolean {
  return engineState === 'exited' || engineState === 'removing';
}

function asAskedFor(exit: Exit, { since, from }: AskedEnd): Exit {
  const own = exit.at !== since || (exit.cause === 'killed' && from !== null && exit.at >= from);
  return { ...exit, asked: true, ...(own && !exit.oomKilled && { cause: 'stopped' as const }) };
}

function stoppedOrFailed(exit: Exit): ContainerState {
  return exit.cause === 'completed' || exit.cause === 'killed' || exit.cause === 'stopped' ? 'stopped' : 'failed';
}

/** The last end of the main process. One that the engine has restarted since counts too, though its code may be lost. */
function exitOf(bot: Bot, observation: Observation): Exit | null {
  const { finishedAt, engineState } = observation;
  if (finishedAt === null || bot.exit?.at === finishedAt) return bot.exit;
  const up = engineState === 'running' || engineState === 'paused' || engineState === 'created';
  if (up && (bot.startedAt === null || finishedAt <= bot.startedAt)) return bot.exit;
  return describeExit(observation.exitCode, observation.oomKilled, finishedAt);
}

/** Names why a main process ended: 137 and 143 are the signals KILL and TERM. */
export function describeExit(code: number | null, oomKilled: boolean, at: string): Exit {
  const cause = oomKilled ? 'oom' : code === 0 ? 'completed' : code === 137 || code === 143 ? 'killed' : 'crashed';
  return { code, oomKilled, at, cause };
}

function differs(bot: Bot, facts: BotFacts): boolean {
  return (
    bot.state !== facts.state ||
    bot.containerId !== (facts.containerId === undefined ? bot.containerId : facts.containerId) ||
    bot.startedAt !== (facts.startedAt === undefined ? bot.startedAt : facts.startedAt) ||
    (facts.exit !== undefined && facts.exit?.at !== bot.exit?.at)
  );
}
