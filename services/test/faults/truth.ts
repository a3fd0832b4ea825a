import type { ContainerView, EventView } from '#contracts';
import { waitFor } from '#testing';
import type { TestBed } from './bed.js';

export type Settled = 'running' | 'stopped' | 'paused' | 'absent';

const ENDS = ['operation.succeeded', 'operation.failed', 'operation.cancelled'];
const ENGINE_WORDS: Record<Exclude<Settled, 'absent'>, string[]> = {
  running: ['running'],
  paused: ['paused'],
  stopped: ['exited', 'created'],
};

/**
 * Waits until the bot is in that state by Berth's word, then fails unless the engine agrees, there is no container too
 * many, nothing waits, and the history is whole.
 */
export async function expectTruth(
  bed: TestBed,
  bot: string,
  state: Settled,
  deadlineMs?: number,
): Promise<EventView[]> {
  const view = await waitFor(
    async () => {
      const now = await bed.view(bot);
      if (now.status === state && now.operation === null && now.queued === 0) return now;
      throw new Error(`it is ${now.status}, with ${now.queued} waiting`);
    },
    { what: `${bot} to settle as ${state}`, deadlineMs: deadlineMs ?? 15_000 },
  );
  await expectContainer(bed, bot, state, view);
  const events = await bed.events(bot);
  const faults = faultsOf(events, view);
  if (faults.length > 0) throw new Error(`${bot}: ${faults.join('; ')}\n${events.map(describe).join('\n')}`);
  return events;
}

async function expectContainer(bed: TestBed, bot: string, state: Settled, view: ContainerView): Promise<void> {
  const found = await bed.docker.listContainers({ all: true, filters: { label: [`berth.bot=${bot}`] } });
  const seen = found.map(({ Id, State, Labels }) => `${Id} ${State} of incarnation ${Labels['berth.incarnation']}`);
  const fail = (what: string): never => {
    throw new Error(`${bot}: ${what}; the engine has [${seen.join(', ')}], Berth says ${view.containerId}`);
  };
  if (state === 'absent') {
    if (found.length > 0 || view.containerId !== null) fail('there should be no container');
    return;
  }
  const [only, ...more] = found;
  if (!only || more.length > 0) return fail('there should be exactly one container');
  if (only.Id !== view.containerId) fail('the container is another than recorded');
  if (!ENGINE_WORDS[state].includes(only.State)) fail(`it should be ${state}`);
}

/** Versions without gap, statuses that follow from each other, and one end for each operation. */
function faultsOf(events: EventView[], view: ContainerView): string[] {
  const faults: string[] = [];
  const ended = new Map<string, number>();
  const queued = new Set<string>();
  events.forEach((event, index) => {
    if (event.version !== index + 1) faults.push(`version ${event.version} stands where ${index + 1} should`);
    const before = events[index - 1]?.data;
    const { previousStatus, operation } = event.data;
    if (before && before.status !== previousStatus) {
      faults.push(`version ${event.version} comes from ${previousStatus}, but it was ${before.status}`);
    }
    if (!operation) return;
    if (event.type === 'operation.queued') queued.add(operation.id);
    if (ENDS.includes(event.type)) ended.set(operation.id, (ended.get(operation.id) ?? 0) + 1);
  });
  for (const id of queued) {
    if (ended.get(id) !== 1) faults.push(`operation ${id} ended ${ended.get(id) ?? 0} times`);
  }
  const last = events.at(-1);
  if (last?.version !== view.version) faults.push(`the last event is ${last?.version}, the version ${view.version}`);
  if (last?.data.status !== view.status) faults.push(`the last event says ${last?.data.status}, not ${view.status}`);
  return faults;
}

function describe({ version, type, data }: EventView): string {
  const { operation, previousStatus, status } = data;
  const about = operation ? ` ${operation.kind} ${operation.id} ${operation.status} attempt ${operation.attempt}` : '';
  return `${version} ${type} ${previousStatus} -> ${status}${about}`;
}
