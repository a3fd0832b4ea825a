import type { FileEntry } from '#client';
import { Checkbox, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useSession } from '../../session/session';
import { Confirm } from '../../ui/confirm';
import { joined, shownName } from './path';

export function DeleteEntry({
  botId,
  directory,
  entry,
  onDeleted,
  onClose,
}: {
  botId: string;
  directory: string;
  entry: FileEntry;
  onDeleted: () => void;
  onClose: () => void;
}) {
  const { client } = useSession();
  const [recursive, setRecursive] = useState(false);
  const isFolder = entry.type === 'directory';
  const remove = async (): Promise<void> => {
    const path = joined(directory, entry.name);
    await client.bots.files(botId).delete(path, isFolder ? { recursive } : {});
    onDeleted();
  };
  return (
    <Confirm
      title={`Delete “${shownName(entry.name)}”?`}
      action={isFolder ? (recursive ? 'Delete folder and content' : 'Delete empty folder') : 'Delete'}
      onConfirm={remove}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text size="sm">
          {entry.type === 'symlink'
            ? 'The link is deleted, not what it points to.'
            : 'It is gone for good, unless a snapshot holds it.'}
        </Text>
        {isFolder && (
          <Checkbox
            label="Delete all that is in it too"
            description="Otherwise it is deleted only if it is empty."
            checked={recursive}
            onChange={(event) => setRecursive(event.currentTarget.checked)}
          />
        )}
      </Stack>
    </Confirm>
  );
}
