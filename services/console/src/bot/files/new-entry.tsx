import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useSession } from '../../session/session';
import { Problem } from '../../ui/problem';
import { Warning } from '../../ui/warning';
import { joined, nameProblem, shownName } from './path';
import { exists } from './use-directory';

/** Makes an empty file or a folder. */
export function NewEntry({
  botId,
  directory,
  kind,
  onMade,
  onClose,
}: {
  botId: string;
  directory: string;
  kind: 'file' | 'folder';
  onMade: (name: string) => void;
  onClose: () => void;
}) {
  const { client } = useSession();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [taken, setTaken] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const wrong = nameProblem(name) ?? (taken ? 'Something with this name is there already.' : null);
  const make = async (): Promise<void> => {
    const path = joined(directory, name);
    if (await exists(client, botId, path)) return setTaken(true);
    const files = client.bots.files(botId);
    await (kind === 'file' ? files.write(path, '') : files.mkdir(path));
    onMade(name);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (wrong !== null) return;
    setBusy(true);
    setError(null);
    make()
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return (
    <Modal opened onClose={onClose} title={`New ${kind}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Name"
            description={`In ${shownName(directory)}`}
            required
            data-autofocus
            autoComplete="off"
            spellCheck={false}
            value={name}
            error={wrong}
            onChange={(event) => {
              setName(event.currentTarget.value);
              setTaken(false);
            }}
          />
          {name !== name.trim() && <Warning>The name begins or ends with a space.</Warning>}
          {error != null && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={name === ''}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
