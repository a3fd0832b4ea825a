import { Button, Center, Text } from '@mantine/core';
import { useState } from 'react';
import { notifyFailed } from './notify';

/** At the end of a list that goes on. */
export function LoadOlder({ onLoad, end }: { onLoad: (() => Promise<unknown>) | null; end: string }) {
  const [busy, setBusy] = useState(false);
  if (!onLoad) {
    return (
      <Text size="sm" c="dimmed" ta="center">
        {end}
      </Text>
    );
  }
  const load = (): void => {
    setBusy(true);
    onLoad()
      .catch((error: unknown) => notifyFailed('Not loaded', error))
      .finally(() => setBusy(false));
  };
  return (
    <Center>
      <Button variant="default" loading={busy} onClick={load}>
        Load older
      </Button>
    </Center>
  );
}
