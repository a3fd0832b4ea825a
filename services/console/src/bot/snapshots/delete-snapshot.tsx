import type { Snapshot } from '#client';
import { Text } from '@mantine/core';
import { useSession, type Session } from '../../session/session';
import { Confirm } from '../../ui/confirm';
import { notifyDone, notifyFailed } from '../../ui/notify';

export function DeleteSnapshot({
  snapshot,
  parentName,
  onClose,
}: {
  snapshot: Snapshot;
  parentName: string | null;
  onClose: () => void;
}) {
  const session = useSession();
  const { name, childCount, status, current } = snapshot;
  const those = childCount === 1 ? 'The snapshot that was made from it stays' : `The ${childCount} made from it stay`;
  return (
    <Confirm
      title={`Delete “${name}”?`}
      action="Delete snapshot"
      onConfirm={() => remove(session, snapshot)}
      onClose={onClose}
    >
      <Text size="sm">
        {status === 'failed' ? 'It failed, and holds nothing that can be restored.' : 'It cannot be restored any more.'}
        {childCount > 0 &&
          ` ${those} whole, and ${childCount === 1 ? 'moves' : 'move'} to ${parentName === null ? 'the beginning of the tree' : `what this one was made from, “${parentName}”`}.`}
        {current && ' The container itself is not touched.'}
      </Text>
    </Confirm>
  );
}

/** Resolves when it is accepted; until it is gone the tree shows it as being deleted. */
async function remove({ client }: Session, { id, botId, name }: Snapshot): Promise<void> {
  const accepted = await client.bots.snapshots(botId).delete(id);
  client.operations.wait(accepted).then(
    () => notifyDone(`The snapshot “${name}” is deleted.`),
    (error: unknown) => notifyFailed(`The snapshot “${name}” was not deleted`, error),
  );
}
