import type { Container } from '#client';
import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useState } from 'react';
import { useSession } from '../../session/session';
import { notifyFailed } from '../../ui/notify';
import { When } from '../../ui/when';
import { canRestore } from './possible';
import { restore, useRestored } from './restored';
import { useSnapshots } from './use-snapshots';
import { RESET } from './words';

/** What was restored, and the way back. Stays until it is dismissed. */
export function RestoredNotice({ container }: { container: Container }) {
  const session = useSession();
  const { botId } = container;
  const [restored, dismiss] = useRestored(botId);
  const { data: snapshots } = useSnapshots(botId);
  const [busy, setBusy] = useState(false);
  if (!restored) return null;
  const safety = snapshots?.find(({ id }) => id === restored.safetyId) ?? null;
  const undo = (): void => {
    if (!safety) return;
    setBusy(true);
    restore(session, safety, { scope: restored.scope, safetySnapshot: true })
      .then(dismiss, (error: unknown) => notifyFailed('Undo was refused', error))
      .finally(() => setBusy(false));
  };
  return (
    <Alert
      color="teal"
      role="status"
      title={`Restored “${restored.name}”`}
      styles={{ title: { color: 'var(--mantine-color-text)' } }}
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={dismiss}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          {RESET[restored.scope]} {restored.scope === 'all' ? 'were' : 'was'} reset <When at={restored.at} />.{' '}
          {safety
            ? `What was there before is kept as “${safety.name}”.`
            : restored.safetyId === null
              ? 'No safety snapshot was taken: there is no way back.'
              : 'The safety snapshot that was taken before is gone: there is no way back.'}
        </Text>
        {safety?.status === 'ready' && session.may('snapshots:write') && canRestore(container) && (
          <Button size="compact-sm" leftSection={<IconArrowBackUp size={16} />} loading={busy} onClick={undo}>
            Undo
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
