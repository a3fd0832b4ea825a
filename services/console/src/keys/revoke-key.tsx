import type { ApiKey } from '#client';
import { Alert, Stack, Text } from '@mantine/core';
import { keys } from '../live/keys';
import { useSession } from '../session/session';
import { Confirm } from '../ui/confirm';
import { notifyDone } from '../ui/notify';
import { When } from '../ui/when';

export function RevokeKey({ apiKey, isOwn, onClose }: { apiKey: ApiKey; isOwn: boolean; onClose: () => void }) {
  const { client, cache } = useSession();
  const { id, name, lastUsedAt } = apiKey;
  const revoke = async (): Promise<void> => {
    await client.keys.delete(id);
    cache.setQueryData<ApiKey[]>(keys.apiKeys, (all) => all?.filter((key) => key.id !== id));
    notifyDone(`The key “${name}” is revoked.`);
  };
  return (
    <Confirm title={`Revoke the key “${name}”?`} action="Revoke" onConfirm={revoke} onClose={onClose}>
      <Stack gap="sm">
        {isOwn && (
          <Alert color="orange" title="You are signed in with this key">
            You will be signed out within seconds, and need another key to come back.
          </Alert>
        )}
        <Text size="sm">
          Whoever uses it is refused from now on, and open connections of it end within 5 s. It cannot be brought back.{' '}
          {lastUsedAt ? (
            <>
              It was last used <When at={lastUsedAt} />.
            </>
          ) : (
            'It was never used.'
          )}
        </Text>
      </Stack>
    </Confirm>
  );
}
