import { BerthError } from '#client';
import { Button, Group, Modal, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useSession, type Session } from '../../session/session';
import { notifyDone, notifyFailed } from '../../ui/notify';
import { Problem } from '../../ui/problem';

type Scope = 'all' | 'container';

/** Takes a snapshot: the dialog ends when it is accepted, and the tree shows how it comes to be. */
export function TakeSnapshot({ botId, taken, onClose }: { botId: string; taken: string[]; onClose: () => void }) {
  const session = useSession();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [scope, setScope] = useState<Scope>('all');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const wrong =
    nameError(error) ?? (taken.includes(name.trim()) ? 'Another snapshot of this bot has this name.' : null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (wrong) return;
    setBusy(true);
    take(session, botId, { name: name.trim(), description: description.trim() || null, scope }).then(
      onClose,
      (fault: unknown) => {
        setError(fault);
        setBusy(false);
      },
    );
  };
  return (
    <Modal opened onClose={onClose} title={`Snapshot of ${botId}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput
            label="Name"
            description="Unique among the snapshots of this bot"
            placeholder="known good"
            required
            data-autofocus
            autoComplete="off"
            maxLength={128}
            value={name}
            error={wrong}
            onChange={(event) => {
              setName(event.currentTarget.value);
              setError(null);
            }}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            maxRows={6}
            maxLength={2000}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Radio.Group label="What it holds" value={scope} onChange={(value) => setScope(value)}>
            <Stack gap={6} mt={6}>
              <Radio
                value="all"
                label="Root filesystem and data"
                description="What was installed or changed, and what is in /data"
              />
              <Radio
                value="container"
                label="Root filesystem alone"
                description="Smaller; a restore leaves the data as it is"
              />
            </Stack>
          </Radio.Group>
          {error != null && nameError(error) === null && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={name.trim() === ''}>
              Take snapshot
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

async function take(
  { client }: Session,
  botId: string,
  body: { name: string; description: string | null; scope: Scope },
): Promise<void> {
  const accepted = await client.bots.snapshots(botId).create(body);
  client.operations.wait(accepted).then(
    () => notifyDone(`The snapshot “${body.name}” is taken.`),
    (error: unknown) => notifyFailed(`The snapshot “${body.name}” was not taken`, error),
  );
}

/** What is wrong with the name alone, as it is told at its field. */
function nameError(error: unknown): string | null {
  if (!(error instanceof BerthError)) return null;
  if (error.code === 'name_taken') return 'Another snapshot of this bot has this name.';
  const [first, ...others] = error.errors;
  return first?.path.endsWith('name') && others.length === 0 ? `The name ${first.message}.` : null;
}
