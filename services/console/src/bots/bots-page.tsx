import type { Container } from '#client';
import { Button, Group, MultiSelect, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useCallback, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useSession } from '../session/session';
import { Empty } from '../ui/empty';
import { Loaded } from '../ui/loading';
import { BotTable } from './bot-table';
import { BulkBar } from './bulk-bar';
import { BulkSummary } from './bulk-summary';
import { useBulk } from './use-bulk';
import { NewBot } from './new-bot';
import { useBots } from './use-bots';
import { SORTS, shownBots, STATUSES, type SortBy } from './shown';

/** All bots, live. What is searched, filtered and sorted by stands in the address. */
export function BotsPage() {
  const query = useBots();
  const { may } = useSession();
  const [creating, setCreating] = useState(false);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={1} size="h2">
          Bots
        </Title>
        {may('containers:write') && (
          <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
            New bot
          </Button>
        )}
      </Group>
      <Loaded query={query}>
        {(bots) => <Bots all={bots} onNew={() => setCreating(true)} loading={query.isFetching} />}
      </Loaded>
      {creating && <NewBot onClose={() => setCreating(false)} />}
    </Stack>
  );
}

function Bots({ all, loading, onNew }: { all: Record<string, Container>; loading: boolean; onNew: () => void }) {
  const [params, setParams] = useSearchParams();
  const { may } = useSession();
  const q = params.get('q') ?? '';
  const statuses = useMemo(() => params.getAll('status'), [params]);
  const sort = (SORTS as readonly string[]).includes(params.get('sort') ?? '')
    ? (params.get('sort') as SortBy)
    : 'botId';
  const descending = params.get('order') === 'desc';
  const set = (change: (next: URLSearchParams) => void): void =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        change(next);
        return next;
      },
      { replace: true },
    );
  const shown = useMemo(() => shownBots(all, { q, statuses, sort, descending }), [all, q, statuses, sort, descending]);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const pick = useCallback((botId: string, on: boolean) => {
    setPicked((before) => {
      const next = new Set(before);
      if (on) next.add(botId);
      else next.delete(botId);
      return next;
    });
  }, []);
  const bulk = useBulk(() => setPicked(new Set()));
  const visible = shown.filter(({ botId }) => picked.has(botId));
  const count = Object.keys(all).length;

  if (count === 0 && !loading) {
    return (
      <Empty
        title="No bots yet"
        action={may('containers:write') && <Button onClick={onNew}>Make the first one</Button>}
      >
        Each bot gets a container of its own: its files in /data, whatever it installs, and its processes. A bot is made
        here, or by your service over the API.
      </Empty>
    );
  }
  return (
    <>
      <Group gap="sm" wrap="wrap">
        <TextInput
          aria-label="Search bots"
          placeholder="Search by name, image or node"
          leftSection={<IconSearch size={16} />}
          value={q}
          style={{ flex: '1 1 220px' }}
          onChange={({ currentTarget: { value } }) => set((next) => (value ? next.set('q', value) : next.delete('q')))}
        />
        <MultiSelect
          aria-label="Filter by status"
          placeholder={statuses.length === 0 ? 'Any status' : undefined}
          data={STATUSES}
          value={statuses}
          clearable
          style={{ flex: '1 1 220px', maxWidth: 420 }}
          onChange={(values) =>
            set((next) => {
              next.delete('status');
              for (const value of values) next.append('status', value);
            })
          }
        />
        <Text size="sm" c="dimmed" role="status">
          {shown.length === count ? `${count} bots` : `${shown.length} of ${count} bots`}
        </Text>
      </Group>
      {visible.length > 0 && (
        <BulkBar
          bots={visible}
          busy={bulk.busy}
          onRun={(verb) => bulk.run(visible, verb)}
          onNone={() => setPicked(new Set())}
        />
      )}
      {bulk.outcome && <BulkSummary outcome={bulk.outcome} onClose={bulk.close} />}
      {shown.length === 0 ? (
        <Empty
          title="None of the bots is like that"
          action={
            <Button variant="default" onClick={() => setParams({}, { replace: true })}>
              Show all
            </Button>
          }
        >
          Search and filter leave nothing over.
        </Empty>
      ) : (
        <BotTable
          bots={shown}
          picked={picked}
          onPick={pick}
          onPickAll={(on) => setPicked(on ? new Set(shown.map(({ botId }) => botId)) : new Set())}
          sort={sort}
          descending={descending}
          onSort={(by) =>
            set((next) => {
              next.set('sort', by);
              if (by === sort && !descending) next.set('order', 'desc');
              else next.delete('order');
            })
          }
        />
      )}
    </>
  );
}
