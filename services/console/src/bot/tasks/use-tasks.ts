import type { Task } from '#client';
import { useQuery } from '@tanstack/react-query';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';

const LAST = 100;

/** Those that run, and the last that have ended; asked for anew when an event tells of one. */
export function useTasks(botId: string) {
  const { client, live } = useSession();
  return useQuery({
    queryKey: keys.tasks(botId),
    queryFn: async ({ signal }): Promise<Task[]> => {
      await live.begun;
      const tasks = client.bots.tasks(botId);
      const [last, running] = await Promise.all([
        tasks.list({ limit: LAST }, { signal }),
        tasks.list({ limit: LAST, status: 'running' }, { signal }),
      ]);
      return inOrder([...last.items, ...running.items]);
    },
  });
}

/** Each once; those that run first, and of either kind the newest first. */
export function inOrder(tasks: Task[]): Task[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const rank = ({ status }: Task): number => (status === 'running' ? 0 : 1);
  return [...byId.values()].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? 1 : -1));
}
