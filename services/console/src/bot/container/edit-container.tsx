import type { Container } from '#client';
import { Button, Group, Modal, NumberInput, Stack, Text, Textarea } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useSession } from '../../session/session';
import { notifyDone } from '../../ui/notify';
import { Problem } from '../../ui/problem';

/** What can be changed of a container that exists. */
export function EditContainer({ container, onClose }: { container: Container; onClose: () => void }) {
  const { client } = useSession();
  const [cpus, setCpus] = useState<number | string>(container.resources?.cpus ?? '');
  const [memoryMb, setMemoryMb] = useState<number | string>(container.resources?.memoryMb ?? '');
  const [pids, setPids] = useState<number | string>(container.resources?.pids ?? '');
  const [idle, setIdle] = useState<number | string>(container.autoStopSeconds);
  const [labels, setLabels] = useState(
    Object.entries(container.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  );
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    const body = {
      resources: { cpus: Number(cpus), memoryMb: Number(memoryMb), pids: Number(pids) },
      autoStopSeconds: Number(idle),
      labels: Object.fromEntries(
        labels
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => {
            const [name = '', ...value] = line.split('=');
            return [name.trim(), value.join('=')];
          }),
      ),
    };
    client.bots
      .container(container.botId)
      .update(body, { wait: 20 })
      .then((operation) => client.operations.wait(operation))
      .then(
        ({ result }) => {
          const later = (result as { restartRequired?: boolean } | null)?.restartRequired === true;
          notifyDone(later ? 'Saved. Restart the container to apply all of it.' : 'Saved, and applied.');
          onClose();
        },
        (fault: unknown) => {
          setError(fault);
          setBusy(false);
        },
      );
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Settings of ${container.botId}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Group grow>
            <NumberInput label="CPUs" min={0.05} step={0.5} decimalScale={2} required value={cpus} onChange={setCpus} />
            <NumberInput
              label="Memory, MiB"
              min={16}
              step={128}
              allowDecimal={false}
              required
              value={memoryMb}
              onChange={setMemoryMb}
            />
            <NumberInput
              label="Processes"
              min={8}
              step={64}
              allowDecimal={false}
              required
              value={pids}
              onChange={setPids}
            />
          </Group>
          <NumberInput
            label="Stop when idle for, seconds"
            description="0: never. A command, file call, terminal, task or operation counts as use."
            min={0}
            allowDecimal={false}
            required
            value={idle}
            onChange={setIdle}
          />
          <Textarea
            label="Labels"
            description="A name=value on each line"
            autosize
            minRows={2}
            value={labels}
            onChange={(event) => setLabels(event.currentTarget.value)}
          />
          <Text size="sm" c="dimmed">
            Image, network and environment belong to the container: delete it and create it again to change them. Its
            data stays.
          </Text>
          {error != null && <Problem error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
