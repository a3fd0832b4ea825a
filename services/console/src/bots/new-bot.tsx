import { Button, Checkbox, Group, Modal, NumberInput, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useLocation } from 'wouter';
import { useSession } from '../session/session';
import { variables } from '../ui/format';
import { notifyDone } from '../ui/notify';
import { Problem } from '../ui/problem';
import { send } from '../bot/actions';

/** Makes a container: for a new bot, for one that has none now, or of a snapshot (a fork). */
export function NewBot({
  botId: known,
  fromSnapshot,
  onClose,
}: {
  botId?: string;
  fromSnapshot?: { id: string; name: string };
  onClose: () => void;
}) {
  const { client } = useSession();
  const [, go] = useLocation();
  const [botId, setBotId] = useState(known ?? '');
  const [image, setImage] = useState('');
  const [start, setStart] = useState(true);
  const [cpus, setCpus] = useState<number | string>('');
  const [memoryMb, setMemoryMb] = useState<number | string>('');
  const [network, setNetwork] = useState<string>('internet');
  const [env, setEnv] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const resources = {
      ...(cpus !== '' && { cpus: Number(cpus) }),
      ...(memoryMb !== '' && { memoryMb: Number(memoryMb) }),
    };
    const create = {
      start,
      ...(image.trim() !== '' && { image: image.trim() }),
      ...(fromSnapshot && { fromSnapshot: fromSnapshot.id }),
      ...(Object.keys(resources).length > 0 && { resources }),
      ...(network === 'none' && { network: 'none' as const }),
      ...(env.trim() !== '' && { env: variables(env) }),
    };
    send(client, botId, 'create', { create }).then(
      () => {
        notifyDone(`${botId} is being created.`);
        onClose();
        go(`/bots/${encodeURIComponent(botId)}`);
      },
      (fault: unknown) => {
        setError(fault);
        setBusy(false);
      },
    );
  };
  const title = fromSnapshot
    ? `New bot from “${fromSnapshot.name}”`
    : known
      ? `Create the container of ${known}`
      : 'New bot';
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          {!known && (
            <TextInput
              label="Name"
              description="Lower-case letters, digits, and . _ - between them"
              placeholder="alice"
              required
              data-autofocus
              autoComplete="off"
              pattern="[a-z0-9]([a-z0-9._\-]{0,62}[a-z0-9])?"
              value={botId}
              onChange={(event) => setBotId(event.currentTarget.value)}
            />
          )}
          {!fromSnapshot && (
            <TextInput
              label="Image"
              description="Left empty: Berth’s default image"
              placeholder="debian:bookworm-slim"
              value={image}
              onChange={(event) => setImage(event.currentTarget.value)}
            />
          )}
          <Group grow align="flex-start">
            <NumberInput
              label="CPUs"
              placeholder="1"
              min={0.05}
              max={1024}
              step={0.5}
              decimalScale={2}
              value={cpus}
              onChange={setCpus}
            />
            <NumberInput
              label="Memory, MiB"
              placeholder="512"
              min={16}
              step={128}
              allowDecimal={false}
              value={memoryMb}
              onChange={setMemoryMb}
            />
          </Group>
          <Select
            label="Network"
            allowDeselect={false}
            data={[
              { value: 'internet', label: 'Internet' },
              { value: 'none', label: 'None' },
            ]}
            value={network}
            onChange={(value) => setNetwork(value ?? 'internet')}
          />
          <Textarea
            label="Environment"
            description="A NAME=value on each line. Values are kept encrypted and never shown again."
            autosize
            minRows={2}
            maxRows={8}
            value={env}
            onChange={(event) => setEnv(event.currentTarget.value)}
          />
          <Checkbox
            label="Start it at once"
            checked={start}
            onChange={(event) => setStart(event.currentTarget.checked)}
          />
          {error != null && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
