import type { ApiKeyWithSecret } from '#client';
import { Alert, Button, CopyButton, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';

/** A new key's secret, this once: not closed by a click beside it. */
export function NewSecret({ made: { name, secret }, onClose }: { made: ApiKeyWithSecret; onClose: () => void }) {
  return (
    <Modal
      opened
      onClose={onClose}
      title={`The key “${name}” is made`}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {secret === null ? (
        <Stack>
          <Alert color="orange" title="Its secret was lost on the way">
            The first answer did not arrive, and the secret is told but once. Revoke this key and make another.
          </Alert>
          <Group justify="flex-end">
            <Button onClick={onClose}>Close</Button>
          </Group>
        </Stack>
      ) : (
        <Stack>
          <Text size="sm">Copy it now and keep it safe: it is never shown again.</Text>
          <TextInput
            label="Secret"
            readOnly
            value={secret}
            classNames={{ input: 'mono' }}
            onFocus={(event) => event.currentTarget.select()}
          />
          <Group justify="flex-end">
            <CopyButton value={secret}>
              {({ copied, copy }) => (
                <Button
                  variant="default"
                  leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
                  onClick={copy}
                >
                  {copied ? 'Copied' : 'Copy secret'}
                </Button>
              )}
            </CopyButton>
            <Button onClick={onClose}>I have kept it</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
