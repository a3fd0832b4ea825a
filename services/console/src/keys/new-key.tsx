import type { ApiKeyWithSecret } from '#client';
import { Button, Checkbox, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { keys } from '../live/keys';
import { useSession, type Scope } from '../session/session';
import { Problem } from '../ui/problem';
import { SCOPES } from './scopes';

const DAY_MS = 86_400_000;
const EXPIRES = [
  { value: 'never', label: 'Never' },
  { value: '1', label: 'In a day' },
  { value: '7', label: 'In a week' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
  { value: 'at', label: 'At a time of your choice' },
];

/** Makes a key, no wider than that of its maker. */
export function NewKey({ onClose, onMade }: { onClose: () => void; onMade: (made: ApiKeyWithSecret) => void }) {
  const { client, cache, who } = useSession();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['containers:read']);
  const [expires, setExpires] = useState('never');
  const [at, setAt] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const expiresAt =
      expires === 'never'
        ? null
        : new Date(expires === 'at' ? at : Date.now() + Number(expires) * DAY_MS).toISOString();
    client.keys.create({ name: name.trim(), scopes: scopes as Scope[], expiresAt }).then(
      (made) => {
        void cache.invalidateQueries({ queryKey: keys.apiKeys });
        onClose();
        onMade(made);
      },
      (fault: unknown) => {
        setError(fault);
        setBusy(false);
      },
    );
  };
  return (
    <Modal opened onClose={onClose} title="New API key" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Name"
            description="Who or what uses it: operations are shown with this name"
            placeholder="deploy service"
            required
            data-autofocus
            maxLength={128}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Checkbox.Group
            label="Scopes"
            description={who.isOperator ? undefined : 'No more than your own key has'}
            value={scopes}
            onChange={setScopes}
          >
            <Stack gap={6} mt={6}>
              {who.scopes.map((scope) => (
                <Checkbox key={scope} value={scope} label={scope} description={SCOPES[scope]} />
              ))}
            </Stack>
          </Checkbox.Group>
          <Select
            label="Expires"
            allowDeselect={false}
            data={EXPIRES}
            value={expires}
            onChange={(value) => setExpires(value ?? 'never')}
          />
          {expires === 'at' && (
            <TextInput
              type="datetime-local"
              label="Time"
              required
              value={at}
              onChange={(event) => setAt(event.currentTarget.value)}
            />
          )}
          {error != null && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={name.trim() === '' || scopes.length === 0}>
              Make key
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
