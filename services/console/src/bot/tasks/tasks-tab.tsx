import type { Container } from '#client';
import { Button, Group, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { Empty } from '../../ui/empty';
import { Loaded } from '../../ui/loading';
import { Rows } from '../../ui/rows';
import { NewTask } from './new-task';
import { TaskDrawer } from './task-drawer';
import { TaskRow } from './task-row';
import { useTasks } from './use-tasks';

/** Commands in the background. Which of them is looked at stands in the address. */
export function TasksTab({ container }: { container: Container }) {
  const { botId, status } = container;
  const query = useTasks(botId);
  const [params, setParams] = useSearchParams();
  const [creating, setCreating] = useState(false);
  const isRunning = status === 'running';
  const open = (id: string | null): void => setParams(id === null ? {} : { task: id });
  const shown = params.get('task');
  const start = (label: string) => (
    <Button leftSection={<IconPlus size={16} />} disabled={!isRunning} onClick={() => setCreating(true)}>
      {label}
    </Button>
  );
  return (
    <Stack gap="sm">
      <Loaded query={query}>
        {(tasks) =>
          tasks.length === 0 ? (
            <Empty title="No tasks yet" action={start('Start a task')}>
              A task is a command that goes on in the background, whoever looks: a server, a long build. Its output and
              its exit code are kept here. {!isRunning && 'It needs a running container: start that first.'}
            </Empty>
          ) : (
            <>
              <Group justify="space-between">
                <Text size="sm" c="dimmed" role="status">
                  {tasks.filter((task) => task.status === 'running').length} running
                  {!isRunning && `; the container is ${status}: start it to start tasks and read their output`}
                </Text>
                {start('New task')}
              </Group>
              <Rows kind="tasks" label="Tasks">
                {tasks.map((task) => (
                  <TaskRow key={task.id} task={task} canStop={isRunning} onOpen={() => open(task.id)} />
                ))}
              </Rows>
            </>
          )
        }
      </Loaded>
      {creating && <NewTask botId={botId} onClose={() => setCreating(false)} onStarted={open} />}
      {shown !== null && (
        <TaskDrawer id={shown} tasks={query.data ?? []} container={container} onClose={() => open(null)} />
      )}
    </Stack>
  );
}
