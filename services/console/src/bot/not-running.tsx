import type { Container } from '#client';
import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useSession } from '../session/session';
import { Empty } from '../ui/empty';
import { sentence } from '../ui/format';
import { notifyFailed } from '../ui/notify';
import { canDo, send, WORDS } from './actions';

const UNDER_WAY = ['creating', 'starting', 'restarting', 'resuming', 'restoring'];

/** In place of what needs a running container: what its state is, and what brings it up. */
export function NotRunning({ container, children }: { container: Container; children: ReactNode }) {
  const { client, may } = useSession();
  const { botId, status } = container;
  const [busy, setBusy] = useState(false);
  const verb = canDo(container, 'resume') ? 'resume' : canDo(container, 'start') ? 'start' : null;
  const isComing = UNDER_WAY.includes(status);
  const act = (to: 'resume' | 'start'): void => {
    setBusy(true);
    send(client, botId, to)
      .catch((error: unknown) => notifyFailed(`${WORDS[to]} was refused`, error))
      .finally(() => setBusy(false));
  };
  return (
    <Empty
      title={status === 'absent' ? 'There is no container now' : `The container is ${status}`}
      action={
        verb &&
        !isComing &&
        may('containers:write') && (
          <Button loading={busy} onClick={() => act(verb)}>
            {WORDS[verb]}
          </Button>
        )
      }
    >
      {children} {isComing && sentence('it goes on here by itself when it runs.')}
      {status === 'absent' && 'Create it first; what its volumes hold is there again.'}
    </Empty>
  );
}
