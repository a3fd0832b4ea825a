import type { Container, Snapshot, SnapshotRestore } from '#client';
import { Checkbox, List, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useSession } from '../../session/session';
import { Confirm } from '../../ui/confirm';
import { When } from '../../ui/when';
import { restore } from './restored';
import { RESET } from './words';

type Scope = NonNullable<SnapshotRestore['scope']>;

/** Says what a restore resets before it does. */
export function RestoreSnapshot({
  container,
  snapshot,
  onClose,
}: {
  container: Container;
  snapshot: Snapshot;
  onClose: () => void;
}) {
  const session = useSession();
  const [scope, setScope] = useState<Scope>(snapshot.scope);
  const [safetySnapshot, setSafety] = useState(true);
  const { botId, status } = container;
  const runs = status === 'running' || status === 'paused';
  return (
    <Confirm
      title={`Restore “${snapshot.name}”?`}
      action="Restore"
      onConfirm={() => restore(session, snapshot, { scope, safetySnapshot })}
      onClose={onClose}
    >
      <Stack gap="sm">
        {snapshot.scope === 'all' && (
          <Radio.Group label="What to restore" value={scope} onChange={(value) => setScope(value)}>
            <Stack gap={6} mt={6}>
              <Radio value="all" label="Root filesystem and data" />
              <Radio value="container" label="Root filesystem alone" />
              <Radio value="data" label="Data alone" />
            </Stack>
          </Radio.Group>
        )}
        <List size="sm" spacing={4}>
          <List.Item>
            {RESET[scope]} of {botId} {scope === 'all' ? 'are' : scope === 'data' ? 'are' : 'is'} reset to how{' '}
            {scope === 'container' ? 'it was' : 'they were'} <When at={snapshot.createdAt} />. {LEFT[scope]}
          </List.Item>
          <List.Item>
            {runs
              ? 'All processes, tasks and terminals in it end. The container runs again afterwards.'
              : 'The container is stopped afterwards.'}
          </List.Item>
          <List.Item>
            {safetySnapshot
              ? 'What is there now is kept in a safety snapshot first, so this can be undone. Only the latest few of those are kept.'
              : 'What is there now is not kept: this cannot be undone.'}
          </List.Item>
        </List>
        <Checkbox
          label="Take a safety snapshot first"
          checked={safetySnapshot}
          onChange={(event) => setSafety(event.currentTarget.checked)}
        />
        {!safetySnapshot && (
          <Text size="sm" fw={600}>
            What was changed since the last snapshot is lost for good.
          </Text>
        )}
      </Stack>
    </Confirm>
  );
}

const LEFT: Record<Scope, string> = {
  all: 'Nothing that was changed since then stays.',
  container: 'The data stays as it is now.',
  data: 'What was installed or changed outside of it stays as it is now.',
};
