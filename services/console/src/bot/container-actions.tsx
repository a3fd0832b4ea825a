import type { Container } from '#client';
import { Button, Checkbox, Group, Menu, Stack, Text } from '@mantine/core';
import {
  IconChevronDown,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlus,
  IconRefresh,
  IconTrash,
} from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { NewBot } from '../bots/new-bot';
import { useSession } from '../session/session';
import { Confirm } from '../ui/confirm';
import { notifyFailed } from '../ui/notify';
import { canDo, send, WORDS, type Verb } from './actions';

const ICONS: Record<Verb, ReactNode> = {
  create: <IconPlus size={16} />,
  start: <IconPlayerPlay size={16} />,
  stop: <IconPlayerStop size={16} />,
  restart: <IconRefresh size={16} />,
  pause: <IconPlayerPause size={16} />,
  resume: <IconPlayerPlay size={16} />,
  delete: <IconTrash size={16} />,
};
/** Those of one tap; the others are in the menu. */
const FIRST: Verb[] = ['create', 'resume', 'start', 'stop'];
const MORE: Verb[] = ['restart', 'pause', 'delete'];

/** What can be done with a container as it is, and nothing else. */
export function Actions({ container }: { container: Container }) {
  const { client } = useSession();
  const [asking, setAsking] = useState<'create' | 'delete' | null>(null);
  const [busy, setBusy] = useState<Verb | null>(null);
  const possible = (verb: Verb): boolean => canDo(container, verb);
  const act = (verb: Verb): void => {
    if (verb === 'create' || verb === 'delete') return setAsking(verb);
    setBusy(verb);
    send(client, container.botId, verb)
      .catch((error: unknown) => notifyFailed(`${WORDS[verb]} was refused`, error))
      .finally(() => setBusy(null));
  };
  const more = MORE.filter(possible);
  return (
    <Group gap="xs">
      {FIRST.filter(possible).map((verb) => (
        <Button
          key={verb}
          variant={verb === 'stop' ? 'default' : 'filled'}
          leftSection={ICONS[verb]}
          loading={busy === verb}
          onClick={() => act(verb)}
        >
          {WORDS[verb]}
        </Button>
      ))}
      {more.length > 0 && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button variant="default" rightSection={<IconChevronDown size={16} />}>
              More
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {more.map((verb) => (
              <Menu.Item
                key={verb}
                leftSection={ICONS[verb]}
                color={verb === 'delete' ? 'red' : undefined}
                onClick={() => act(verb)}
              >
                {WORDS[verb]}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {asking === 'delete' && <DeleteContainer container={container} onClose={() => setAsking(null)} />}
      {asking === 'create' && <NewBot botId={container.botId} onClose={() => setAsking(null)} />}
    </Group>
  );
}

function DeleteContainer({ container, onClose }: { container: Container; onClose: () => void }) {
  const { client } = useSession();
  const { botId } = container;
  const [purgeData, setPurgeData] = useState(false);
  return (
    <Confirm
      title={`Delete the container of ${botId}?`}
      action={purgeData ? 'Delete container and data' : 'Delete container'}
      typed={purgeData ? botId : null}
      onConfirm={() => send(client, botId, 'delete', { purgeData })}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text size="sm">
          What was installed or changed outside of its volumes is lost, unless a snapshot holds it. Its snapshots stay
          {purgeData ? '.' : ', and so does what is in /data: a container that is created later finds it there.'}
        </Text>
        <Checkbox
          label="Delete what is in its volumes too, for good"
          checked={purgeData}
          onChange={(event) => setPurgeData(event.currentTarget.checked)}
        />
      </Stack>
    </Confirm>
  );
}
