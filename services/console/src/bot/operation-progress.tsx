import type { Operation, Progress as Told } from '#client';
import { ActionIcon, Group, Paper, Progress, Text, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconX } from '@tabler/icons-react';
import { keys } from '../live/keys';
import { useSession } from '../session/session';
import { duration, kindOf } from '../ui/format';
import { notifyFailed } from '../ui/notify';
import { useNow } from '../ui/when';

/** The last that was told of how far an operation has come. */
export function useProgress(operation: Operation | null) {
  const { data } = useQuery<Told | null>({
    queryKey: keys.progress(operation?.id ?? ''),
    queryFn: () => null,
    enabled: false,
  });
  if (!operation) return null;
  if (data) return data;
  const { phase, progress } = operation;
  return { phase, percent: progress?.percent ?? null, detail: progress?.detail ?? null };
}

/** What runs now, how far it is, and a way to end it. */
export function OperationProgress({ operation }: { operation: Operation }) {
  const { client, may } = useSession();
  const progress = useProgress(operation);
  const now = useNow();
  const cancel = (): void => {
    client.operations.cancel(operation.id).catch((error: unknown) => notifyFailed('Not cancelled', error));
  };
  const percent = progress?.percent ?? null;
  const since = operation.startedAt ? duration(Math.max(0, now - Date.parse(operation.startedAt))) : null;
  return (
    <Paper withBorder p="sm" role="status" aria-label="Operation under way">
      <Group justify="space-between" wrap="nowrap" mb={6}>
        <Text size="sm">
          <b>{kindOf(operation.kind)}</b>
          {progress?.phase && `: ${progress.phase}`}
          {progress?.detail && ` (${progress.detail})`}
          {percent !== null && `, ${Math.round(percent)} %`}
          {since && <span className="quiet"> for {since}</span>}
        </Text>
        {may('containers:write') && (
          <Tooltip label="Cancel this operation">
            <ActionIcon variant="default" aria-label="Cancel this operation" onClick={cancel}>
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      <Progress
        value={percent ?? 100}
        animated={percent === null}
        striped={percent === null}
        aria-label={kindOf(operation.kind)}
      />
    </Paper>
  );
}
