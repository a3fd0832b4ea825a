import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';
import { variables } from '../../ui/format';
import { Problem } from '../../ui/problem';

/** Starts a command in the background of the container. */
export function NewTask({
  botId,
  onClose,
  onStarted,
}: {
  botId: string;
  onClose: () => void;
  onStarted: (id: string) => void;
}) {
  const { client, cache } = useSession();
  const [command, setCommand] = useState('');
  const [name, setName] = useState('');
  const [cwd, setCwd] = useState('');
  const [env, setEnv] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const body = {
      command,
      ...(name.trim() !== '' && { name: name.trim() }),
      ...(cwd.trim() !== '' && { cwd: cwd.trim() }),
      ...(env.trim() !== '' && { env: variables(env) }),
    };
    client.bots
      .tasks(botId)
      .start(body)
      .then(
        ({ id }) => {
          void cache.invalidateQueries({ queryKey: keys.tasks(botId) });
          onClose();
          onStarted(id);
        },
        (fault: unknown) => {
          setError(fault);
          setBusy(false);
        },
      );
  };
  return (
    <Modal opened onClose={onClose} title={`New task of ${botId}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          <Textarea
            label="Command"
            description="Runs under sh -c, in /data unless another directory is named"
            placeholder="python3 -m http.server 8000"
            required
            data-autofocus
            autosize
            minRows={2}
            maxRows={10}
            spellCheck={false}
            classNames={{ input: 'mono' }}
            value={command}
            onChange={(event) => setCommand(event.currentTarget.value)}
          />
          <TextInput
            label="Name"
            description="To find it again; may be left out"
            maxLength={128}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="Directory"
            placeholder="/data"
            autoComplete="off"
            pattern="/.*"
            title="From the root: it begins with /"
            value={cwd}
            onChange={(event) => setCwd(event.currentTarget.value)}
          />
          <Textarea
            label="Environment"
            description="A NAME=value on each line, on top of the container’s"
            autosize
            minRows={2}
            maxRows={8}
            spellCheck={false}
            value={env}
            onChange={(event) => setEnv(event.currentTarget.value)}
          />
          {error != null && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={command.trim() === ''}>
              Start
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
