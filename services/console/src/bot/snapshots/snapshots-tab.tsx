import type { Container } from '#client';
import { Button, Group, Stack, Text } from '@mantine/core';
import { IconCamera } from '@tabler/icons-react';
import { useState } from 'react';
import { useSession } from '../../session/session';
import { Empty } from '../../ui/empty';
import { Loaded } from '../../ui/loading';
import { canTake, whyNot } from './possible';
import { RestoredNotice } from './restored-notice';
import { SnapshotTree } from './snapshot-tree';
import { TakeSnapshot } from './take-snapshot';
import { useSnapshots } from './use-snapshots';

/** What a bot can be brought back to. */
export function SnapshotsTab({ container }: { container: Container }) {
  const { may } = useSession();
  const query = useSnapshots(container.botId);
  const [taking, setTaking] = useState(false);
  const take = may('snapshots:write') && canTake(container) && (
    <Button leftSection={<IconCamera size={16} />} onClick={() => setTaking(true)}>
      Take a snapshot
    </Button>
  );
  const reason = whyNot(container);
  return (
    <Stack>
      <RestoredNotice container={container} />
      <Loaded query={query}>
        {(snapshots) =>
          snapshots.length === 0 ? (
            <Empty title="No snapshots yet" action={take}>
              A snapshot keeps the root filesystem and the data as they are now. Restore it when something went wrong,
              or make new bots of it. {reason}
            </Empty>
          ) : (
            <>
              <Group justify="space-between">
                <Text size="sm" c="dimmed" role="status">
                  {snapshots.length === 1 ? '1 snapshot' : `${snapshots.length} snapshots`}. Each stands on the one that
                  it was made from; the newest is on top.
                </Text>
                {take}
              </Group>
              {reason !== null && (
                <Text size="sm" c="dimmed">
                  {reason}
                </Text>
              )}
              <SnapshotTree container={container} snapshots={snapshots} />
            </>
          )
        }
      </Loaded>
      {taking && (
        <TakeSnapshot
          botId={container.botId}
          taken={query.data?.map(({ name }) => name) ?? []}
          onClose={() => setTaking(false)}
        />
      )}
    </Stack>
  );
}
