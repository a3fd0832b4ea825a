import type { Container } from '#client';
import { Button, Group, Stack, Switch, Tabs, Text } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useCallback, useEffect, useRef } from 'react';
import { useSession } from '../../session/session';
import { Empty } from '../../ui/empty';
import { NotRunning } from '../not-running';
import { Screen } from './screen';
import { ScreenView } from './screen-view';
import { Shell } from './shell';
import { ShellNews } from './shell-news';
import { useShells } from './shells';
import './terminal.css';

/** Terminals in the bot's container, several at once. */
export function TerminalTab({ container }: { container: Container }) {
  const { botId, status } = container;
  const { live } = useSession();
  const { shells, shown } = useShells();
  const [forReader, setForReader] = useLocalStorage({ key: 'berth.terminal.reader', defaultValue: false });
  const newButton = useRef<HTMLButtonElement>(null);
  const isRunning = status === 'running';
  const add = useCallback(
    () => shells.add((id, name) => new Shell(id, name, botId, new Screen(`${name} of ${botId}`), live.socket)),
    [shells, botId, live],
  );
  useEffect(() => {
    if (isRunning && !shells.hasBegun) add();
  }, [isRunning, shells, add]);
  const leave = useCallback(() => newButton.current?.focus(), []);
  const { list, active } = shown;

  if (!active) {
    if (!isRunning)
      return <NotRunning container={container}>A terminal is a program in the running container.</NotRunning>;
    return (
      <Empty title="No terminal is open" action={<Button onClick={add}>Open a terminal</Button>}>
        A terminal is a shell in the container. It ends when it is closed, or when this bot’s page is left.
      </Empty>
    );
  }
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Tabs value={active.id} onChange={(id) => id && shells.show(id)} variant="pills" aria-label="Terminals">
          <Tabs.List>
            {list.map(({ id, name, isOver }) => (
              <Tabs.Tab key={id} value={id} aria-controls={undefined}>
                {name}
                {isOver && ' (over)'}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
        <Group gap="xs">
          <Button
            ref={newButton}
            size="compact-md"
            variant="default"
            leftSection={<IconPlus size={16} />}
            disabled={!isRunning}
            onClick={add}
          >
            New terminal
          </Button>
          <Button
            size="compact-md"
            variant="default"
            leftSection={<IconX size={16} />}
            onClick={() => shells.close(active)}
          >
            Close {active.name}
          </Button>
        </Group>
      </Group>
      <ShellNews shell={active} container={container} onNew={add} />
      <ScreenView key={active.id} shell={active} forReader={forReader} onLeave={leave} />
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          Leave by keyboard: Shift+F6. Copy: select, then Ctrl+C. Paste: Ctrl+Shift+V. Its programs end when this bot’s
          page is left; a task goes on.
        </Text>
        <Switch
          size="xs"
          label="For screen readers"
          checked={forReader}
          onChange={(event) => setForReader(event.currentTarget.checked)}
        />
      </Group>
    </Stack>
  );
}
