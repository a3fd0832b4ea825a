import { BerthError, OperationFailed } from '#client';
import { Alert, Button, Code, CopyButton, Group, List, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';

interface Told {
  title: string;
  detail: string;
  /** What to do, where this page knows it. */
  advice: string | null;
  requestId: string | null;
  errors: { path: string; message: string }[];
}

const ADVICE: Record<string, string> = {
  connection_failed: 'Look whether Berth runs and can be reached, then try again.',
  forbidden: 'Sign in with a key that may do this, or ask whoever administers keys for one.',
  unauthenticated: 'Sign in again with a key that is alive.',
  container_not_running: 'Start the container first.',
  container_not_found: 'Create the container first.',
  node_unavailable: 'The node does not answer now. What was accepted waits for it; try this again when it is back.',
  no_capacity: 'Ask for less, delete what is not needed, or add a node.',
  image_not_found: 'Check the name and tag of the image.',
  image_pull_failed:
    'Look whether the node reaches the registry, and whether the name of the image is right; try again.',
  docker_unavailable: 'Look whether Docker runs on the node, then ask again.',
  docker_error: 'Try again. If it stays, look into the log of the worker and of Docker on the node.',
  deadline_exceeded: 'Ask again when the node is less busy.',
  attempts_exhausted: 'Look into the log of the worker, then ask again.',
  predecessor_failed: 'Look what became of the operation before it, then ask again.',
  node_lost: 'Bring the node back, then ask again.',
  start_failed: 'Look at the command and the image of the container: its main process could not be started.',
  quota_exceeded: 'End or close what is not needed any more, then try again.',
  name_taken: 'Choose another name.',
  disk_full: 'Free room on the node, or in the container, and try again.',
  internal_error: 'Try again. If it stays, give the request id to whoever runs Berth.',
};

/** What to do about a code, where this page knows it. */
export function adviceFor(code: string): string | null {
  return ADVICE[code] ?? null;
}

/** Anything thrown, in words for people. */
export function told(error: unknown): Told {
  if (error instanceof OperationFailed) {
    const { operation, code } = error;
    const detail = operation.error?.message ?? `It was ${operation.status}.`;
    return { title: code ?? operation.status, detail, advice: ADVICE[code ?? ''] ?? null, requestId: null, errors: [] };
  }
  if (error instanceof BerthError) {
    const { code, detail, requestId, errors } = error;
    return { title: code, detail, advice: ADVICE[code] ?? null, requestId, errors };
  }
  const detail = error instanceof Error ? error.message : String(error);
  return { title: 'unexpected', detail, advice: 'Reload the page.', requestId: null, errors: [] };
}

/** What went wrong, what to do about it, and the id that finds it in the logs. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { title, detail, advice, requestId, errors } = told(error);
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title={title.replaceAll('_', ' ')} role="alert">
      {/* Such a detail repeats what is wrong with each. */}
      <Text size="sm">{errors.length > 0 ? 'Some of what was given is not possible:' : detail}</Text>
      {errors.length > 0 && (
        <List size="sm">
          {errors.map(({ path, message }) => (
            <List.Item key={path + message}>
              <Code>{path}</Code> {message}
            </List.Item>
          ))}
        </List>
      )}
      {advice && <Text size="sm">{advice}</Text>}
      <Group mt="xs" gap="xs">
        {onRetry && (
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
        {requestId && (
          <CopyButton value={requestId}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy request id'}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
    </Alert>
  );
}
