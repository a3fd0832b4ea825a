import type { Container, Task } from '#client';
import { Drawer, Group, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';
import { Copy } from '../../ui/copy';
import { Fact, Facts } from '../../ui/facts';
import { commandLine } from '../../ui/format';
import { Loaded } from '../../ui/loading';
import { StatusBadge } from '../../ui/status';
import { When } from '../../ui/when';
import { StopTask } from './stop-task';
import { TaskLog } from './task-log';
import { HowItEnded, Lasted } from './task-row';

/** One task: what is known of it, and what it writes. */
export function TaskDrawer({
  id,
  tasks,
  container,
  onClose,
}: {
  id: string;
  /** Those of the list; one that is older is asked for by itself. */
  tasks: Task[];
  container: Container;
  onClose: () => void;
}) {
  const { client } = useSession();
  const { botId } = container;
  const listed = tasks.find((task) => task.id === id);
  const query = useQuery({
    // Beneath the list, so that an event about a task asks for it anew.
    queryKey: [...keys.tasks(botId), id],
    queryFn: ({ signal }) => client.bots.tasks(botId).get(id, { signal }),
    initialData: listed,
  });
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="xl"
      title={listed?.name ?? query.data?.name ?? 'Task'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Loaded query={query}>{(task) => <Known task={task} container={container} />}</Loaded>
    </Drawer>
  );
}

function Known({ task, container }: { task: Task; container: Container }) {
  const { status, startedAt, endedAt } = task;
  const isUp = container.status === 'running';
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <StatusBadge status={status} />
        {status === 'running' && isUp && <StopTask task={task} />}
      </Group>
      <Facts>
        <Fact name="Command">
          <Copy value={commandLine(task.command)} label="command" />
        </Fact>
        <Fact name="Outcome">
          <HowItEnded task={task} />
        </Fact>
        <Fact name="Started">
          <When at={startedAt} />, <Lasted task={task} />
        </Fact>
        {endedAt && (
          <Fact name="Ended">
            <When at={endedAt} />
          </Fact>
        )}
        <Fact name="Task ID">
          <Copy value={task.id} label="task ID" />
        </Fact>
      </Facts>
      <Title order={3} size="h5">
        Output
      </Title>
      <TaskLog key={String(isUp)} task={task} container={container} />
    </Stack>
  );
}
