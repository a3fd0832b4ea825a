import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useSession } from '../../session/session';
import { Problem } from '../../ui/problem';
import { Warning } from '../../ui/warning';
import { nameOf, plainPath, shownName } from './path';
import { exists } from './use-directory';

/** Renames or moves: the whole path can be changed. Asks before a file is replaced. */
export function MoveEntry({
  botId,
  path,
  onMoved,
  onClose,
}: {
  botId: string;
  path: string;
  onMoved: (to: string) => void;
  onClose: () => void;
}) {
  const { client } = useSession();
  const [to, setTo] = useState(path);
  const [busy, setBusy] = useState(false);
  /** The path at which something was found: moving there has to be asked for twice. */
  const [taken, setTaken] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const target = plainPath(to);
  const wrong = to === '' || to.startsWith('/') ? null : 'A path begins with a slash.';
  const move = async (): Promise<void> => {
    if (taken !== target && (await exists(client, botId, target))) return setTaken(target);
    await client.bots.files(botId).move({ from: path, to: target });
    onMoved(target);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (wrong !== null) return;
    setBusy(true);
    setError(null);
    move()
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Rename or move “${shownName(nameOf(path))}”`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={submit}>
        <Stack>
          {/* A line alone would drop the line breaks that a name may have. */}
          <Textarea
            label="New path"
            description="Change its end to rename it, or more of it to move it."
            required
            data-autofocus
            autosize
            minRows={1}
            maxRows={6}
            spellCheck={false}
            autoComplete="off"
            value={to}
            error={wrong}
            onChange={(event) => setTo(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey) return;
              event.preventDefault();
              event.currentTarget.form?.requestSubmit();
            }}
          />
          {taken === target && (
            <Warning title="Something is there already">
              A file would be replaced, and is lost then. A folder is not replaced: choose another path.
            </Warning>
          )}
          {error != null && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              color={taken === target ? 'red' : undefined}
              loading={busy}
              disabled={target === path || to === ''}
            >
              {taken === target ? 'Replace' : 'Move'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
