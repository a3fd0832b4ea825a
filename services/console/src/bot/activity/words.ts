import type { BotEvent } from '#client';
import { duration, kindOf, sentence } from '../../ui/format';

export interface Words {
  title: string;
  /** Why, or what of it. */
  detail: string | null;
  tone: 'good' | 'bad' | 'plain' | 'quiet';
}

const STATUS: Partial<Record<BotEvent['data']['status'], string>> = {
  absent: 'there is no container any more',
  unknown: 'the node is silent: how the container is, is not known',
  failed: 'the container has failed',
};

/** An event as people would tell it. */
export function wordsOf({ type, data }: BotEvent): Words {
  const { operation, snapshot, task } = data;
  const what = operation ? kindOf(operation.kind) : 'operation';
  switch (type) {
    case 'operation.queued': {
      if (operation && operation.attempt > 0) {
        const detail = operation.error?.message ?? null;
        return { title: `${sentence(what)} is tried again`, detail, tone: 'bad' };
      }
      return { title: `${sentence(what)} was asked for`, detail: reasonOf(data), tone: 'quiet' };
    }
    case 'operation.started':
      return { title: `${sentence(what)} has begun`, detail: null, tone: 'quiet' };
    case 'operation.succeeded':
      return {
        title: `${sentence(what)} ${operation?.noop ? 'had nothing to do' : 'succeeded'}`,
        detail: tookOf(data),
        tone: 'good',
      };
    case 'operation.failed':
      return { title: `${sentence(what)} failed`, detail: operation?.error?.message ?? null, tone: 'bad' };
    case 'operation.cancelled':
      return { title: `${sentence(what)} was cancelled`, detail: operation?.error?.message ?? null, tone: 'plain' };
    case 'container.status':
      return {
        title: sentence(STATUS[data.status] ?? `the container is ${data.status}`),
        detail: exitOf(data),
        tone: toneOf(data),
      };
    case 'snapshot.created':
      return {
        title: `Snapshot “${snapshot?.name ?? ''}” was made`,
        detail: snapshot?.description ?? null,
        tone: 'good',
      };
    case 'snapshot.deleted':
      return { title: `Snapshot “${snapshot?.name ?? ''}” was deleted`, detail: null, tone: 'plain' };
    case 'snapshot.restored':
      return { title: `Snapshot “${snapshot?.name ?? ''}” was restored`, detail: null, tone: 'good' };
    case 'task.started':
      return { title: `Task ${nameOf(task)} has begun`, detail: null, tone: 'plain' };
    case 'task.exited':
      return {
        title: `Task ${nameOf(task)} ${task?.status === 'exited' ? 'ended' : `was ${task?.status ?? 'ended'}`}`,
        detail: endOf(task),
        tone: task?.status === 'lost' || (task?.exitCode ?? 0) > 0 ? 'bad' : 'plain',
      };
  }
}

type Data = BotEvent['data'];

function reasonOf({ operation }: Data): string | null {
  const reason = operation?.params.reason;
  return typeof reason === 'string' ? reason : null;
}

function tookOf(data: Data): string | null {
  const { startedAt, finishedAt } = data.operation ?? {};
  const took = startedAt && finishedAt ? `It took ${duration(Date.parse(finishedAt) - Date.parse(startedAt))}.` : null;
  return [reasonOf(data), took].filter(Boolean).join(' ') || null;
}

/** An event carries the last exit whatever has happened since; it is news where something has just ended. */
function exitOf({ status, previousStatus, exit, container, operation }: Data): string | null {
  const hasEnded = (status === 'stopped' || status === 'failed') && previousStatus !== status;
  const ended = hasEnded ? (exit ?? container?.exit) : null;
  if (ended) {
    const cause = ended.oomKilled ? 'out of memory' : ended.cause?.replaceAll('_', ' ');
    return `Its main process ended with code ${ended.code ?? 'unknown'}${cause ? `: ${cause}` : ''}.`;
  }
  return operation ? null : 'Seen on the node, not asked for here.';
}

function toneOf({ status }: Data): Words['tone'] {
  if (status === 'failed' || status === 'unknown') return 'bad';
  return status === 'running' ? 'good' : 'plain';
}

function nameOf(task: Data['task']): string {
  return task?.name ? `“${task.name}”` : (task?.id.slice(-8) ?? '');
}

function endOf(task: Data['task']): string | null {
  if (!task) return null;
  return [task.exitCode === null ? null : `Exit code ${task.exitCode}.`, task.reason].filter(Boolean).join(' ') || null;
}
