import type { Operation } from '#client';
import { Progress, Stack } from '@mantine/core';
import { useProgress } from '../bot/operation-progress';
import { duration, kindOf } from '../ui/format';
import { useNow } from '../ui/when';

/** How far it is, or what became of it, in a few words. */
export function Outcome({ operation }: { operation: Operation }) {
  const { status, position, error, noop, attempt, startedAt, finishedAt } = operation;
  switch (status) {
    case 'queued':
      return (
        <span className="quiet">
          {position === 0 ? 'next' : `behind ${position} other${position === 1 ? '' : 's'}`}
          {attempt > 0 && `, after ${attempt} attempt${attempt === 1 ? '' : 's'}`}
        </span>
      );
    case 'running':
      return <Running operation={operation} />;
    case 'succeeded':
      if (noop) return <span className="quiet">it was so already</span>;
      return (
        <span className="quiet">
          {startedAt && finishedAt && `in ${duration(Date.parse(finishedAt) - Date.parse(startedAt))}`}
        </span>
      );
    case 'failed':
    case 'cancelled':
      return <span>{error?.message ?? status}</span>;
  }
}

function Running({ operation }: { operation: Operation }) {
  const progress = useProgress(operation);
  const now = useNow();
  const percent = progress?.percent ?? null;
  const since = operation.startedAt && duration(Math.max(0, now - Date.parse(operation.startedAt)));
  return (
    <Stack gap={2}>
      <span>
        {progress?.phase ?? 'begins'}
        {percent !== null && `, ${Math.round(percent)} %`}
        {since && <span className="quiet"> for {since}</span>}
      </span>
      <Progress
        size="sm"
        value={percent ?? 100}
        animated={percent === null}
        striped={percent === null}
        aria-label={`Progress of ${kindOf(operation.kind)}`}
      />
    </Stack>
  );
}
