import type { Container } from '#client';
import { ActionIcon, Anchor, Checkbox, Paper, Tooltip, UnstyledButton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { IconChevronDown, IconChevronUp, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { Link } from 'wouter';
import { canDo, send } from '../bot/actions';
import { useSession } from '../session/session';
import { notifyFailed } from '../ui/notify';
import { StatusBadge } from '../ui/status';
import { When } from '../ui/when';
import type { SortBy } from './shown';
import { Usage } from './usage';
import './bots.css';

const ROW = { wide: 44, narrow: 78 };

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
export function BotTable({ bots, picked, onPick, onPickAll, sort, descending, onSort }: TableProps) {
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
