import { ActionIcon, Button, Group, Paper, Progress, Stack, Text, Tooltip } from '@mantine/core';
import { IconDownload, IconRefresh, IconUpload, IconX } from '@tabler/icons-react';
import { bytes } from '../../ui/format';
import { told } from '../../ui/problem';
import { shownName } from './path';
import type { Transfer } from './transfers';
import { useTransfers } from './use-transfers';

/** What is on its way to the bot or from it, and what became of it. */
export function TransfersPanel({ botId }: { botId: string }) {
  const { transfers, all } = useTransfers(botId);
  if (all.length === 0) return null;
  const left = all.filter(({ state }) => state === 'waiting' || state === 'moving').length;
  const failed = all.filter(({ state }) => state === 'failed').length;
  return (
    <Paper withBorder p="sm" component="section" aria-label="Uploads and downloads">
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600} role="status">
          {left > 0 ? `${left} of ${all.length} under way` : `${all.length} ended`}
          {failed > 0 && `, ${failed} failed`}
        </Text>
        {left < all.length && (
          <Button size="compact-sm" variant="default" onClick={() => transfers.clear()}>
            Clear those that ended
          </Button>
        )}
      </Group>
      <div className="transfers" tabIndex={0} role="group" aria-label="Each of them">
        <Stack gap={6}>
          {all.map((transfer) => (
            <Row
              key={transfer.id}
              transfer={transfer}
              onCancel={() => transfers.cancel(transfer.id)}
              onRetry={() => transfers.retry(transfer.id)}
            />
          ))}
        </Stack>
      </div>
    </Paper>
  );
}

function Row({ transfer, onCancel, onRetry }: { transfer: Transfer; onCancel: () => void; onRetry: () => void }) {
  const { kind, state, moved, total } = transfer;
  const name = shownName(transfer.name);
  const Icon = kind === 'upload' ? IconUpload : IconDownload;
  const isMoving = state === 'moving';
  const share = total === null ? null : total === 0 ? 100 : (moved / total) * 100;
  return (
    <div data-transfer={transfer.name} data-state={state}>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <Icon size={16} aria-label={kind === 'upload' ? 'Upload' : 'Download'} style={{ flex: 'none', marginTop: 3 }} />
        <Text size="sm" style={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }}>
          {name} <span className="quiet">{standing(transfer)}</span>
        </Text>
        {(isMoving || state === 'waiting') && (
          <Action label={`Cancel ${name}`} onClick={onCancel} icon={<IconX size={14} />} />
        )}
        {(state === 'failed' || state === 'cancelled') && (
          <Action label={`Try ${name} again`} onClick={onRetry} icon={<IconRefresh size={14} />} />
        )}
      </Group>
      {isMoving && (
        <Progress
          mt={4}
          size="sm"
          value={share ?? 100}
          animated={share === null || share >= 100}
          aria-label={`How far ${name} is`}
        />
      )}
    </div>
  );
}

function Action({ label, icon, onClick }: { label: string; icon: React.ReactNode; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon size="sm" variant="default" aria-label={label} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

function standing({ kind, state, moved, total, directory, error }: Transfer): string {
  switch (state) {
    case 'waiting':
      return 'waits for its turn';
    case 'moving':
      if (kind === 'upload' && total !== null && moved >= total) return 'is sent, and being stored';
      return total === null ? `${bytes(moved)} so far` : `${bytes(moved)} of ${bytes(total)}`;
    case 'done':
      return kind === 'upload' ? `is in ${shownName(directory)}` : 'is saved';
    case 'cancelled':
      return 'was cancelled';
    case 'failed': {
      const { detail, advice } = told(error);
      return `failed: ${detail} ${advice ?? ''}`;
    }
  }
}
