import type { Task } from '#client';
import { Anchor, Text } from '@mantine/core';
import { commandLine, duration } from '../../ui/format';
import { StatusBadge } from '../../ui/status';
import { useNow, When } from '../../ui/when';
import { StopTask } from './stop-task';

export function TaskRow({ task, canStop, onOpen }: { task: Task; canStop: boolean; onOpen: () => void }) {
  const { name, command, status, startedAt } = task;
  const line = commandLine(command);
  return (
    <li data-task={task.id}>
      <div>
        <StatusBadge status={status} />
      </div>
      <div className="row-wide">
        <Anchor component="button" type="button" ta="left" size="sm" fw={600} onClick={onOpen}>
          {name ?? shortened(line)}
        </Anchor>
        {name !== null && (
          <Text size="xs" c="dimmed" className="mono one-line" title={line}>
            {line}
          </Text>
        )}
      </div>
      <div className="row-wide">
        <HowItEnded task={task} />
      </div>
      <div>
        <When at={startedAt} />
      </div>
      <div>
        <Lasted task={task} />
      </div>
      <div className="row-act">{status === 'running' && canStop && <StopTask task={task} compact />}</div>
    </li>
  );
}

/** Its exit code, or why it has none. */
export function HowItEnded({ task: { status, exitCode, reason } }: { task: Task }) {
  if (status === 'running') return <span className="quiet">goes on</span>;
  return (
    <>
      {exitCode !== null && <>exit code {exitCode}</>}
      {exitCode !== null && reason && ': '}
      {reason}
      {exitCode === null && !reason && <span className="quiet">no exit code is known</span>}
    </>
  );
}

export function Lasted({ task: { startedAt, endedAt } }: { task: Task }) {
  const now = useNow();
  const until = endedAt === null ? now : Date.parse(endedAt);
  return <span className="quiet">for {duration(Math.max(0, until - Date.parse(startedAt)))}</span>;
}

function shortened(line: string): string {
  const [first = ''] = line.split('\n');
  return first.length > 80 || first.length < line.length ? `${first.slice(0, 80)} …` : first;
}
