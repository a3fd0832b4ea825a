import { Alert } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useConnection } from '../live/use-connection';
import { useSession } from '../session/session';
import { useNow } from '../ui/when';

/** Shorter than this is no news. Milliseconds. */
const BLINK_MS = 1_500;

/** Says that what is shown may be old, while the live connection is away. */
export function ConnectionBanner() {
  const connection = useConnection();
  const { live, may } = useSession();
  const now = useNow();
  if (!may('containers:read') || connection === 'connected' || connection === 'closed') return null;
  if (now - live.since < BLINK_MS) return null;
  return (
    <Alert color="orange" variant="light" icon={<IconPlugConnectedX />} mb="md" role="status" title="Not connected">
      Trying again by itself. What is shown here may be old; nothing that happens meanwhile is missed.
    </Alert>
  );
}
