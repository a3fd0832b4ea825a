import type { Container } from '#client';
import { Button } from '@mantine/core';
import { IconPlayerPlay, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { NewBot } from '../../bots/new-bot';
import { useSession } from '../../session/session';
import { Empty } from '../../ui/empty';
import { notifyFailed } from '../../ui/notify';
import { canDo, send, WORDS, type Verb } from '../actions';

/** Files are read and written through the container, which has to run for that: how it comes to run. */
export function NotRunning({ container }: { container: Container }) {
  const { client, may } = useSession();
  const [busy, setBusy] = useState(false);
  const [creating, setCreating] = useState(false);
  const { botId, status } = container;
  const verb = (['resume', 'start', 'create'] as Verb[]).find((one) => canDo(container, one)) ?? null;
  const act = (): void => {
    if (verb === null) return;
    if (verb === 'create') return setCreating(true);
    setBusy(true);
    send(client, botId, verb)
      .catch((error: unknown) => notifyFailed(`${WORDS[verb]} was refused`, error))
      .finally(() => setBusy(false));
  };
  const isUnderWay = status.endsWith('ing');
  return (
    <>
      <Empty
        title={`The container is ${status === 'absent' ? 'not there' : status}`}
        action={
          verb !== null &&
          may('containers:write') && (
            <Button
              leftSection={verb === 'create' ? <IconPlus size={16} /> : <IconPlayerPlay size={16} />}
              loading={busy}
              onClick={act}
            >
              {WORDS[verb]}
            </Button>
          )
        }
      >
        Files can be looked at and changed while it runs.{' '}
        {isUnderWay ? 'They are shown here as soon as it does.' : 'What is in /data stays as it is until then.'}
      </Empty>
      {creating && <NewBot botId={botId} onClose={() => setCreating(false)} />}
    </>
  );
}
