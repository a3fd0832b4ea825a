import type { Bot } from './bot.js';
import type { TaskEnd } from './task.js';
import type { TaskStatus } from './vocabulary.js';

/** What the end of a container's run is to its tasks; null where they go on. */
export function endOfTasks(before: Bot, after: Bot): TaskEnd | null {
  const ended = (status: TaskStatus, reason: string): TaskEnd => ({ status, exitCode: null, reason });
  if (after.state === 'absent') return ended('killed', 'The container was deleted.');
  if (after.containerId !== before.containerId) return ended('killed', 'The container was replaced by a restored one.');
  const up = after.state === 'running' || after.state === 'paused' || after.state === 'unknown';
  if (up && after.startedAt === before.startedAt) return null;
  const exit = after.exit?.at === before.exit?.at ? null : after.exit;
  if (exit?.oomKilled) return ended('lost', 'The container ran out of memory.');
  if (exit?.cause === 'stopped' || exit?.asked) return ended('killed', 'The container was stopped.');
  if (exit?.cause === 'killed') return ended('lost', 'The container was killed.');
  return ended('lost', 'The container ended.');
}
