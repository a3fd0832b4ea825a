import type { Container } from '#client';
import {
  ActionIcon,
  Anchor,
  Button,
  Checkbox,
  Group,
  MultiSelect,
  Paper,
  Stack,
  Text,
  TextInput,
  Title,
  Tooltip,
  UnstyledButton,
} from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  IconChevronDown,
  IconChevronUp,
  IconPlayerPlay,
  IconPlayerStop,
  IconPlus,
  IconSearch,
} from '@tabler/icons-react';
import { useCallback, useMemo, useRef, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { canDo, send } from '../bot/actions';
import { useSession } from '../session/session';
import { Empty } from '../ui/empty';
import { Loaded } from '../ui/loading';
import { notifyFailed } from '../ui/notify';
import { StatusBadge } from '../ui/status';
import { When } from '../ui/when';
import { BulkBar } from './bulk-bar';
import { NewBot } from './new-bot';
import { Usage } from './usage';
import { useBots } from './use-bots';
import { SORTS, shownBots, STATUSES, type SortBy } from './shown';
import './bots.css';

const ROW = { wide: 44, narrow: 78 };

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
      {visible.length > 0 && <BulkBar bots={visible} onDone={() => setPicked(new Set())} />}
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

interface TableProps {
  bots: Container[];
  picked: ReadonlySet<string>;
  onPick: (botId: string, on: boolean) => void;
  onPickAll: (on: boolean) => void;
  sort: SortBy;
  descending: boolean;
  onSort: (by: SortBy) => void;
}

/** Only the rows in sight are there: thousands scroll as tens do. */
function BotTable({ bots, picked, onPick, onPickAll, sort, descending, onSort }: TableProps) {
  const { may } = useSession();
  const box = useRef<HTMLDivElement>(null);
  const narrow = useMediaQuery('(max-width: 48em)') ?? false;
  const rows = useVirtualizer({
    count: bots.length,
    getScrollElement: () => box.current,
    estimateSize: () => (narrow ? ROW.narrow : ROW.wide),
    getItemKey: (index) => bots[index]?.botId ?? index,
    overscan: 12,
  });
  const heading = (by: SortBy | null, label: string) => (
    <div role="columnheader" aria-sort={by === sort ? (descending ? 'descending' : 'ascending') : undefined}>
      {by ? (
        <UnstyledButton onClick={() => onSort(by)} className="bots-heading">
          {label}
          {by === sort && (descending ? <IconChevronDown size={14} /> : <IconChevronUp size={14} />)}
        </UnstyledButton>
      ) : (
        label
      )}
    </div>
  );
  return (
    <Paper withBorder role="table" aria-label="Bots" aria-rowcount={bots.length + 1} className="bots">
      <div role="rowgroup">
        <div role="row" className="bots-row bots-head">
          <div role="columnheader">
            {may('containers:write') && (
              <Checkbox
                size="xs"
                aria-label="Pick all that are shown"
                checked={bots.length > 0 && bots.every(({ botId }) => picked.has(botId))}
                indeterminate={picked.size > 0 && !bots.every(({ botId }) => picked.has(botId))}
                onChange={(event) => onPickAll(event.currentTarget.checked)}
              />
            )}
          </div>
          {heading('botId', 'Bot')}
          {heading('status', 'Status')}
          {heading('image', 'Image')}
          {heading('node', 'Node')}
          {heading('tasks', 'Tasks')}
          {heading(null, 'CPU, memory')}
          {heading('updatedAt', 'Last change')}
          <div role="columnheader">
            <span className="visually-hidden">Actions</span>
          </div>
        </div>
      </div>
      <div ref={box} className="bots-body" role="rowgroup" tabIndex={0} aria-label="Rows">
        <div style={{ height: rows.getTotalSize(), position: 'relative' }} role="presentation">
          {rows.getVirtualItems().map(({ index, start, size, key }) => {
            const bot = bots[index];
            if (!bot) return null;
            return (
              <div
                key={key}
                role="row"
                aria-rowindex={index + 2}
                className="bots-row"
                style={{
                  position: 'absolute',
                  top: 0,
                  left: 0,
                  right: 0,
                  height: size,
                  transform: `translateY(${start}px)`,
                }}
                data-bot={bot.botId}
              >
                <BotCells bot={bot} picked={picked.has(bot.botId)} onPick={onPick} />
              </div>
            );
          })}
        </div>
      </div>
    </Paper>
  );
}

function BotCells({ bot, picked, onPick }: { bot: Container; picked: boolean; onPick: TableProps['onPick'] }) {
  const { may } = useSession();
  const { botId, status, image, node, tasks, updatedAt } = bot;
  return (
    <>
      <div role="cell">
        {may('containers:write') && (
          <Checkbox
            size="xs"
            aria-label={`Pick ${botId}`}
            checked={picked}
            onChange={(event) => onPick(botId, event.currentTarget.checked)}
          />
        )}
      </div>
      <div role="cell" className="bots-name">
        <Anchor component={Link} href={`/bots/${encodeURIComponent(botId)}`} fw={600} title={botId}>
          {botId}
        </Anchor>
      </div>
      <div role="cell">
        <StatusBadge status={status} />
      </div>
      <div role="cell" className="bots-wide mono" title={image?.ref}>
        {image?.ref ?? '–'}
      </div>
      <div role="cell" className="bots-wide">
        {node ?? '–'}
      </div>
      <div role="cell" className="bots-wide">
        {tasks}
      </div>
      <div role="cell" className="bots-wide">
        {status === 'running' ? <Usage botId={botId} /> : '–'}
      </div>
      <div role="cell" className="bots-when">
        <When at={updatedAt} />
      </div>
      <div role="cell">{may('containers:write') && <QuickAction bot={bot} />}</div>
    </>
  );
}

function QuickAction({ bot }: { bot: Container }) {
  const { client } = useSession();
  const [busy, setBusy] = useState(false);
  const verb = canDo(bot, 'stop') ? 'stop' : canDo(bot, 'start') ? 'start' : null;
  if (!verb) return null;
  const label = `${verb === 'stop' ? 'Stop' : 'Start'} ${bot.botId}`;
  const act = (): void => {
    setBusy(true);
    send(client, bot.botId, verb)
      .catch((error: unknown) => notifyFailed(`${label} was refused`, error))
      .finally(() => setBusy(false));
  };
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" loading={busy} aria-label={label} onClick={act}>
        {verb === 'stop' ? <IconPlayerStop size={16} /> : <IconPlayerPlay size={16} />}
      </ActionIcon>
    </Tooltip>
  );
}
