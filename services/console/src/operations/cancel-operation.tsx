import type { Operation } from '#client';
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useSession } from '../session/session';
import { kindOf } from '../ui/format';
import { notifyFailed } from '../ui/notify';

/** For one that has not ended. A running one ends as soon as it can, so this waits until that is told. */
export function CancelOperation({ operation, compact = false }: { operation: Operation; compact?: boolean }) {
  const { client, may } = useSession();
  const [asked, setAsked] = useState(false);
  const { id, kind, botId, finishedAt } = operation;
  if (finishedAt !== null || !may('containers:write')) return null;
  const cancel = (): void => {
    setAsked(true);
    client.operations.cancel(id).catch((error: unknown) => {
      setAsked(false);
      notifyFailed('Not cancelled', error);
    });
  };
  const label = `Cancel ${kindOf(kind)} of ${botId}`;
  if (!compact) {
    return (
      <Button variant="default" disabled={asked} onClick={cancel} leftSection={<IconX size={16} />}>
        {asked ? 'Cancelling …' : 'Cancel it'}
      </Button>
    );
  }
  return (
    <Tooltip label={asked ? 'It ends as soon as it can' : label}>
      <ActionIcon variant="default" loading={asked} aria-label={label} onClick={cancel}>
        <IconX size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
