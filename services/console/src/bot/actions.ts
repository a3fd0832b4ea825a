import type { BerthClient, Container, ContainerCreate, Operation } from '#client';

export type Verb = 'create' | 'start' | 'stop' | 'restart' | 'pause' | 'resume' | 'delete';

/** What can be asked of a container as it is: the rules of the API, so that nothing is offered that is refused. */
const POSSIBLE: Record<Container['status'], Verb[]> = {
  absent: ['create'],
  stopped: ['start', 'delete'],
  running: ['stop', 'restart', 'pause', 'delete'],
  paused: ['resume', 'stop', 'restart', 'delete'],
  failed: ['start', 'stop', 'restart', 'delete'],
  // Under way: what follows is queued behind it.
  creating: ['start', 'stop', 'delete'],
  starting: ['stop', 'restart', 'delete'],
  stopping: ['start', 'delete'],
  restarting: ['stop', 'delete'],
  pausing: ['resume', 'stop', 'delete'],
  resuming: ['pause', 'stop', 'delete'],
  restoring: ['start', 'stop', 'delete'],
  deleting: ['create'],
  unknown: ['start', 'stop', 'delete'],
};

export function canDo(container: Pick<Container, 'status'>, verb: Verb): boolean {
  return POSSIBLE[container.status].includes(verb);
}

/** Sends it; resolves when it is accepted, long before it has ended. */
export function send(
  client: BerthClient,
  botId: string,
  verb: Verb,
  given: { purgeData?: boolean; create?: ContainerCreate } = {},
): Promise<Operation> {
  const container = client.bots.container(botId);
  switch (verb) {
    case 'create':
      return container.create(given.create ?? { start: true });
    case 'delete':
      return container.delete({ purgeData: given.purgeData });
    case 'start':
    case 'stop':
    case 'restart':
    case 'pause':
    case 'resume':
      return verb === 'stop' ? container.stop() : container[verb]();
  }
}

export const WORDS: Record<Verb, string> = {
  create: 'Create',
  start: 'Start',
  stop: 'Stop',
  restart: 'Restart',
  pause: 'Pause',
  resume: 'Resume',
  delete: 'Delete',
};
