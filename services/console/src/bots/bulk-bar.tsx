import type { Container } from '#client';
import { Button, Group, Paper, Text } from '@mantine/core';
import { useState } from 'react';
import { canDo } from '../bot/actions';
import { Confirm } from '../ui/confirm';
import type { BulkVerb } from './bulk';

/** What can be done with the bots that are picked. */
export function BulkBar({
  bots,
  busy,
  onRun,
  onNone,
}: {
  bots: Container[];
  busy: boolean;
  onRun: (verb: BulkVerb) => void;
  onNone: () => void;
}) {
  const [asking, setAsking] = useState(false);
  const able = (verb: BulkVerb): number => bots.filter((bot) => canDo(bot, verb)).length;
  return (
    <Paper withBorder p="xs" role="region" aria-label="Picked bots">
      <Group gap="xs">
        <Text size="sm" fw={600}>
          {bots.length} picked
        </Text>
        <Button size="compact-sm" disabled={busy || able('start') === 0} onClick={() => onRun('start')}>
          Start
        </Button>
        <Button size="compact-sm" variant="default" disabled={busy || able('stop') === 0} onClick={() => onRun('stop')}>
          Stop
        </Button>
        <Button size="compact-sm" color="red" disabled={busy || able('delete') === 0} onClick={() => setAsking(true)}>
          Delete
        </Button>
        <Button size="compact-sm" variant="subtle" onClick={onNone}>
          Pick none
        </Button>
      </Group>
      {asking && (
        <Confirm
          title={`Delete the containers of ${able('delete')} bots?`}
          action={`Delete ${able('delete')} containers`}
          typed={able('delete') > 1 ? 'delete' : null}
          onConfirm={async () => onRun('delete')}
          onClose={() => setAsking(false)}
        >
          <Text size="sm">
            What was installed or changed outside of their volumes is lost, unless snapshots hold it. Their snapshots
            and what is in /data stay.
          </Text>
        </Confirm>
      )}
    </Paper>
  );
}
