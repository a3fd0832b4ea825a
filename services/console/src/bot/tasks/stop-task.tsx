import type { Task, TaskEnd } from '#client';
import { Button, Menu } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';
import { notifyFailed } from '../../ui/notify';

const SIGNALS: { signal: NonNullable<TaskEnd['signal']>; words: string }[] = [
  { signal: 'TERM', words: 'Stop (TERM; KILL after 10 s)' },
  { signal: 'INT', words: 'Interrupt (INT; KILL after 10 s)' },
  { signal: 'KILL', words: 'Kill at once (KILL)' },
];

/** Ends a task, the way that is chosen. */
export function StopTask({ task, compact = false }: { task: Task; compact?: boolean }) {
  const { client, cache } = useSession();
  const { id, botId, name } = task;
  const [busy, setBusy] = useState(false);
  const stop = (signal: TaskEnd['signal']): void => {
    setBusy(true);
    client.bots
      .tasks(botId)
      .stop(id, { signal })
      .catch((error: unknown) => notifyFailed('Not stopped', error))
      .finally(() => {
        setBusy(false);
        void cache.invalidateQueries({ queryKey: keys.tasks(botId) });
      });
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          size={compact ? 'compact-sm' : 'compact-md'}
          variant="default"
          loading={busy}
          rightSection={<IconChevronDown size={14} />}
          aria-label={`Stop ${name ?? 'the task'}`}
        >
          Stop
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {SIGNALS.map(({ signal, words }) => (
          <Menu.Item key={signal} color={signal === 'KILL' ? 'red' : undefined} onClick={() => stop(signal)}>
            {words}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
