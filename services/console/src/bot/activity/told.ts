import type { BotEvent } from '#client';

export type Subject = 'all' | 'operations' | 'container' | 'snapshots' | 'tasks';

/**
 * Newest first, what of the events is told: of each operation the last step alone, and of the container what no
 * operation has done, unless every step is wanted.
 */
export function toldOf(events: BotEvent[], subject: Subject, everyStep: boolean): BotEvent[] {
  const seen = new Set<string>();
  const told: BotEvent[] = [];
  for (const event of events.toReversed()) {
    const { type, data } = event;
    const [about = ''] = type.split('.');
    if (subject !== 'all' && about !== ONE[subject]) continue;
    if (!everyStep && about === 'operation' && data.operation) {
      if (seen.has(data.operation.id)) continue;
      seen.add(data.operation.id);
    }
    if (!everyStep && subject === 'all' && about === 'container' && data.operation) continue;
    told.push(event);
  }
  return told;
}

const ONE: Record<Exclude<Subject, 'all'>, string> = {
  operations: 'operation',
  container: 'container',
  snapshots: 'snapshot',
  tasks: 'task',
};
