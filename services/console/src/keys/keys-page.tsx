import type { ApiKey, ApiKeyWithSecret } from '#client';
import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { keys } from '../live/keys';
import { useSession } from '../session/session';
import { Empty } from '../ui/empty';
import { Loaded } from '../ui/loading';
import { Rows } from '../ui/rows';
import { KeyRow } from './key-row';
import { NewKey } from './new-key';
import { NewSecret } from './new-secret';
import { RevokeKey } from './revoke-key';

/** The API keys of the tenant. */
export function KeysPage() {
  const { client, who } = useSession();
  const query = useQuery({
    queryKey: keys.apiKeys,
    queryFn: async ({ signal }) => {
      const all: ApiKey[] = [];
      for await (const key of client.keys.all({ limit: 100 }, { signal })) all.push(key);
      return all;
    },
  });
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<ApiKeyWithSecret | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={1} size="h2">
          API keys
        </Title>
        <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
          New key
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {who.isOperator
          ? 'You are signed in with the operator’s key. It stands in the configuration, not here.'
          : `You are signed in with the key “${who.name}”.`}
      </Text>
      <Loaded query={query}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No keys yet" action={<Button onClick={() => setCreating(true)}>Make the first one</Button>}>
              Give each service and each person a key of their own, with no more scopes than they need: it can be
              revoked without the others noticing, and operations say who asked for them.
            </Empty>
          ) : (
            <Rows kind="keys" label="API keys">
              {all.map((key) => (
                <KeyRow key={key.id} apiKey={key} isOwn={key.id === who.keyId} onRevoke={() => setRevoking(key)} />
              ))}
            </Rows>
          )
        }
      </Loaded>
      {creating && <NewKey onClose={() => setCreating(false)} onMade={setMade} />}
      {made && <NewSecret made={made} onClose={() => setMade(null)} />}
      {revoking && <RevokeKey apiKey={revoking} isOwn={revoking.id === who.keyId} onClose={() => setRevoking(null)} />}
    </Stack>
  );
}
