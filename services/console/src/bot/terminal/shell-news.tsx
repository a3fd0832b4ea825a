import type { Container } from '#client';
import { Alert, Button, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useConnection } from '../../live/use-connection';
import { Problem } from '../../ui/problem';
import { NotRunning } from '../not-running';
import type { Shell } from './shell';

/** What there is to say of a terminal beside its screen: that it opens, or why it is over, and how to go on. */
export function ShellNews({ shell, container, onNew }: { shell: Shell; container: Container; onNew: () => void }) {
  const connection = useConnection();
  const { state, isDeaf } = shell;
  const another = container.status === 'running' && (
    <Button size="compact-sm" variant="default" onClick={onNew}>
      Open a new one
    </Button>
  );
  const say = (colour: string, words: ReactNode, action: ReactNode): ReactNode => (
    <Alert color={colour} variant="light" p="xs" role="status">
      <Group justify="space-between" gap="xs">
        <Text size="sm">{words}</Text>
        {action}
      </Group>
    </Alert>
  );
  switch (state.at) {
    case 'new':
    case 'opening':
      return say(
        'gray',
        connection === 'connected' ? 'Opening …' : 'Waiting for the connection; it is made by itself.',
        null,
      );
    case 'open':
      return isDeaf && say('orange', 'The program does not read: what was typed last was not taken.', null);
    case 'refused':
      return <Problem error={state.error} onRetry={onNew} />;
    case 'exited':
      return say(state.exitCode === 0 ? 'gray' : 'orange', `Ended, with exit code ${state.exitCode}.`, another);
    case 'lost':
      return say(
        'red',
        'The connection was lost, and what ran in this terminal has ended with it. What it showed is still here.',
        another,
      );
    case 'gone':
      if (container.status !== 'running') {
        return <NotRunning container={container}>This terminal has ended with its container.</NotRunning>;
      }
      return say('orange', 'It has ended with its container, or the way to its node was lost.', another);
  }
}
