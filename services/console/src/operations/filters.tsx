import type { Operation } from '#client';
import { Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useSearchParams } from 'wouter';
import { kindOf, sentence } from '../ui/format';
import type { OperationFilter } from './use-operations';

type Status = Operation['status'];
type Kind = Operation['kind'];

const STATUSES: Record<Status, string> = {
  queued: 'Queued',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
};
/** A record, so that a kind that is new cannot be forgotten. */
const KINDS: Record<Kind, string> = named([
  'container.create',
  'container.start',
  'container.stop',
  'container.restart',
  'container.pause',
  'container.resume',
  'container.update',
  'container.delete',
  'snapshot.create',
  'snapshot.restore',
  'snapshot.delete',
]);
const BOT = /^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/;
const WAIT_MS = 350;

function named<T extends string>(kinds: T[]): Record<T, string> {
  return Object.fromEntries(kinds.map((kind) => [kind, sentence(kindOf(kind))])) as Record<T, string>;
}

/** What of the address is a filter; what is none is left out. */
export function filterOf(params: URLSearchParams): OperationFilter {
  const [status, kind, botId] = [params.get('status'), params.get('kind'), params.get('bot')];
  return {
    status: status !== null && status in STATUSES ? (status as Status) : undefined,
    kind: kind !== null && kind in KINDS ? (kind as Kind) : undefined,
    botId: botId !== null && BOT.test(botId) ? botId : undefined,
  };
}

export function Filters() {
  const [params, setParams] = useSearchParams();
  const { status, kind, botId } = filterOf(params);
  const [typed, setTyped] = useState(botId ?? '');
  const set = (name: string, value: string | null): void =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const setBot = useDebouncedCallback((value: string) => set('bot', value), WAIT_MS);
  // The address may change by other hands: a link, the way back.
  useEffect(() => setTyped(botId ?? ''), [botId]);
  const isName = typed === '' || BOT.test(typed);
  return (
    <Group gap="sm" align="flex-start">
      <TextInput
        aria-label="Filter by bot"
        placeholder="Any bot: its whole name"
        leftSection={<IconSearch size={16} />}
        value={typed}
        error={!isName && 'No bot has such a name'}
        style={{ flex: '1 1 200px' }}
        onChange={({ currentTarget: { value } }) => {
          setTyped(value);
          if (value === '' || BOT.test(value)) setBot(value);
        }}
      />
      <Select
        aria-label="Filter by status"
        placeholder="Any status"
        clearable
        data={Object.entries(STATUSES).map(([value, label]) => ({ value, label }))}
        value={status ?? null}
        style={{ flex: '1 1 150px' }}
        onChange={(value) => set('status', value)}
      />
      <Select
        aria-label="Filter by kind"
        placeholder="Any kind"
        clearable
        data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
        value={kind ?? null}
        style={{ flex: '1 1 150px' }}
        onChange={(value) => set('kind', value)}
      />
    </Group>
  );
}
