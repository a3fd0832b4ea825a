import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState, type KeyboardEvent } from 'react';
import { useSession } from '../../session/session';
import { Problem } from '../../ui/problem';
import { Warning } from '../../ui/warning';
import { edited, lineEndOf, modifiedOf, written } from './content';
import { nameOf, shownName } from './path';

/** A text, to be changed and saved. Says so before it would write over what somebody else has written meanwhile. */
export function TextEditor({
  botId,
  path,
  text,
  modified,
  onDirty,
  onSaved,
  onReload,
}: {
  botId: string;
  path: string;
  text: string;
  modified: string | null;
  onDirty: (dirty: boolean) => void;
  onSaved: () => void;
  onReload: () => void;
}) {
  const { client } = useSession();
  const [end] = useState(() => lineEndOf(text));
  const [saved, setSaved] = useState(() => edited(text));
  const [draft, setDraft] = useState(saved);
  const [known, setKnown] = useState(modified);
  const [changed, setChanged] = useState(false);
  const [savedOnce, setSavedOnce] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const isDirty = draft !== saved;
  const name = shownName(nameOf(path));

  const write = async (over: boolean): Promise<void> => {
    const now = await modifiedOf(client, botId, path);
    if (!over && now !== null && known !== null && now !== known) return setChanged(true);
    await client.bots.files(botId).write(path, written(draft, end));
    setKnown(await modifiedOf(client, botId, path));
    setChanged(false);
    setSaved(draft);
    onDirty(false);
    onSaved();
    setSavedOnce(true);
  };
  const save = (over = false): void => {
    if (busy || !isDirty) return;
    setBusy(true);
    setError(null);
    write(over)
      .catch(setError)
      .finally(() => setBusy(false));
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    save();
  };
  return (
    <Stack gap="sm" onKeyDown={keys}>
      <Textarea
        aria-label={`Text of ${name}`}
        spellCheck={false}
        autoCapitalize="off"
        wrap="off"
        value={draft}
        readOnly={busy}
        classNames={{ input: 'editor-text' }}
        onChange={({ currentTarget: { value } }) => {
          setDraft(value);
          onDirty(value !== saved);
        }}
      />
      {end === 'mixed' && (
        <Text size="sm" c="dimmed">
          Its lines end in different ways. Saving makes all of them end the same way.
        </Text>
      )}
      {changed && (
        <Warning title="It was changed since it was opened">
          <Group gap="xs" mt={4}>
            <Button size="compact-sm" color="red" loading={busy} onClick={() => save(true)}>
              Save over it
            </Button>
            <Button size="compact-sm" variant="default" onClick={onReload}>
              Drop my changes and read it again
            </Button>
          </Group>
        </Warning>
      )}
      {error != null && <Problem error={error} />}
      <Group justify="space-between">
        <Text size="sm" c="dimmed" role="status">
          {isDirty ? 'Not saved yet' : savedOnce ? 'Saved' : 'Nothing to save'}
        </Text>
        <Button onClick={() => save()} loading={busy} disabled={!isDirty}>
          Save
        </Button>
      </Group>
    </Stack>
  );
}
