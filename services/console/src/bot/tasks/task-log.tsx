import type { Container, Task } from '#client';
import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconArrowDown } from '@tabler/icons-react';
import { memo, useLayoutEffect, useRef, useState } from 'react';
import { Problem } from '../../ui/problem';
import type { Line } from './log-lines';
import { useTaskLog } from './use-task-log';
import './task-log.css';

/** Nearer to the end than this counts as being there. Pixels. */
const NEAR = 24;

/** What a task writes. It scrolls with the end, unless somebody has scrolled up to read. */
export function TaskLog({ task, container }: { task: Task; container: Container }) {
  if (container.status !== 'running') {
    return (
      <Text size="sm" c="dimmed">
        What it wrote lies in the container, which is {container.status}: it can be read while that is running.
      </Text>
    );
  }
  return <Followed task={task} />;
}

function Followed({ task }: { task: Task }) {
  const { lines, state, again } = useTaskLog(task);
  const box = useRef<HTMLDivElement>(null);
  const [isAtEnd, setIsAtEnd] = useState(true);
  useLayoutEffect(() => {
    if (isAtEnd && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines, isAtEnd]);
  const look = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current ?? { scrollTop: 0, scrollHeight: 0, clientHeight: 0 };
    setIsAtEnd(scrollHeight - scrollTop - clientHeight < NEAR);
  };
  return (
    <Stack gap="xs">
      {state.at === 'broken' && (
        <Alert color="orange" variant="light" p="xs" role="status">
          The stream broke off. It is tried again by itself; then its last lines are read anew.
        </Alert>
      )}
      {state.at === 'failed' && <Problem error={state.error} onRetry={again} />}
      <div className="log-box">
        <div ref={box} className="log mono" role="log" aria-label="Output of the task" tabIndex={0} onScroll={look}>
          {lines.leftOut > 0 && (
            <div className="quiet">{lines.leftOut.toLocaleString()} lines before are not shown.</div>
          )}
          {lines.chunks.map((chunk) => (
            <Chunk key={chunk[0]?.at} lines={chunk} />
          ))}
          {lines.count === 0 && (
            <span className="quiet">
              {state.at === 'reading' ? 'Reading …' : state.at === 'ended' ? 'It wrote nothing.' : 'Nothing yet.'}
            </span>
          )}
        </div>
        {!isAtEnd && (
          <Button
            className="log-end"
            size="compact-sm"
            leftSection={<IconArrowDown size={14} />}
            onClick={() => setIsAtEnd(true)}
          >
            To the end
          </Button>
        )}
      </div>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {state.at === 'following' && task.status === 'running' && 'Following. '}
          {state.at === 'ended' && 'That is all. '}
          Lines with a bar at their left went to the error output.
        </Text>
      </Group>
    </Stack>
  );
}

const Chunk = memo(function Chunk({ lines }: { lines: Line[] }) {
  return (
    <div className="log-chunk">
      {lines.map(({ stream, line, at }) => (
        <div key={at} className={stream === 'stderr' ? 'log-error' : undefined}>
          {line || ' '}
        </div>
      ))}
    </div>
  );
});
