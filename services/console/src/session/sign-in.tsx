import { BerthError } from '#client';
import { Alert, Button, Center, Group, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { Problem } from '../ui/problem';

export function SignIn({
  error,
  known,
  onToken,
}: {
  error: unknown;
  /** A key that could not be tried, since the service did not answer. */
  known: string | null;
  onToken: (token: string) => Promise<void>;
}) {
  const [token, setToken] = useState(known ?? '');
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    void onToken(token.trim()).finally(() => setBusy(false));
  };
  const isRefused = error instanceof BerthError && error.code === 'unauthenticated';
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper component="form" onSubmit={submit} withBorder p="xl" w="100%" maw={440}>
        <Stack>
          <Group gap="sm">
            <img src="/icon.svg" alt="" width={36} height={36} />
            <Title order={1} size="h2">
              Berth
            </Title>
          </Group>
          <Text c="dimmed">
            Every bot its own computer. Sign in with an API key; this tab forgets it when it is closed.
          </Text>
          {isRefused ? (
            <Alert color="red" title="This key is not good" role="alert">
              It was mistyped, revoked, or has expired. `npm start` prints the operator’s key.
            </Alert>
          ) : (
            error != null && <Problem error={error} />
          )}
          <PasswordInput
            label="API key"
            placeholder="berth_…"
            autoComplete="off"
            required
            data-autofocus
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
          />
          <Button type="submit" loading={busy} disabled={token.trim() === ''}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
