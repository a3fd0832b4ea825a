import { Badge, Button, Group, Loader, Text, VisuallyHidden } from '@mantine/core';
import { Fragment, type ReactNode } from 'react';
import { useSession } from '../../session/session';
import { duration } from '../../ui/format';
import { When } from '../../ui/when';
import { Gutter } from './gutter';
import type { TreeRow } from './tree';
import { ORIGINS, scopeOf, sizesOf } from './words';

export type Ask = 'restore' | 'fork' | 'delete';

/** One snapshot of the tree: what it is, and what can be done with it as it is. */
export function SnapshotRow({
  row,
  active,
  restorable,
  onAsk,
  onFocus,
}: {
  row: TreeRow;
  /** Whether the keyboard is here: its buttons are reached by Tab then. */
  active: boolean;
  restorable: boolean;
  onAsk: (ask: Ask) => void;
  onFocus: () => void;
}) {
  const { may } = useSession();
  const { snapshot, parentName, depth } = row;
  const { name, status, description, error } = snapshot;
  const button = (ask: Ask, label: string): ReactNode => (
    <Button
      size="compact-sm"
      variant="default"
      tabIndex={active ? 0 : -1}
      aria-label={`${label} “${name}”`}
      onClick={() => onAsk(ask)}
    >
      {label}
    </Button>
  );
  const isReady = status === 'ready';
  return (
    <div
      role="treeitem"
      className="tree-row"
      aria-level={depth}
      aria-current={snapshot.current || undefined}
      aria-selected={active}
      tabIndex={active ? 0 : -1}
      data-snapshot={snapshot.id}
      data-column={row.column}
      data-status={status}
      onFocus={onFocus}
    >
      <Gutter row={row} />
      <div className="tree-content">
        <div className="tree-body">
          <Group gap={6}>
            <Text fw={600}>{name}</Text>
            {parentName !== null && <VisuallyHidden>made from {parentName}</VisuallyHidden>}
            <Marks row={row} />
          </Group>
          <Facts row={row} />
          {description !== null && (
            <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
              {description}
            </Text>
          )}
          {status === 'failed' && (
            <Text size="sm">
              {error === null ? 'It was not made.' : error.message} It holds nothing, and can only be deleted.
            </Text>
          )}
        </div>
        <Group gap={6}>
          {isReady && restorable && may('snapshots:write') && button('restore', 'Restore')}
          {isReady && may('containers:write') && button('fork', 'Fork')}
          {(isReady || status === 'failed') && may('snapshots:write') && button('delete', 'Delete')}
        </Group>
      </div>
    </div>
  );
}

function Marks({ row: { snapshot } }: { row: TreeRow }) {
  const { status, current, origin } = snapshot;
  const busy = status === 'creating' || status === 'deleting';
  return (
    <>
      {current && (
        <Badge tt="none" size="sm" color="cyan">
          current
        </Badge>
      )}
      {status !== 'ready' && (
        <Badge
          tt="none"
          size="sm"
          variant="outline"
          color={busy ? 'cyan' : 'red'}
          leftSection={busy ? <Loader size={8} color="currentColor" aria-hidden /> : null}
        >
          {status}
        </Badge>
      )}
      {origin !== 'manual' && (
        <Badge tt="none" size="sm" variant="default">
          {origin}
        </Badge>
      )}
    </>
  );
}

function Facts({ row: { snapshot } }: { row: TreeRow }) {
  const { createdAt, origin, layers, freezeMs, status } = snapshot;
  const made = status !== 'creating' && status !== 'failed';
  const facts: ReactNode[] = [
    <When key="at" at={createdAt} />,
    ...sizesOf(snapshot),
    scopeOf(snapshot),
    ORIGINS[origin],
    made && `${layers} ${layers === 1 ? 'layer' : 'layers'}`,
    made && `stood still for ${duration(freezeMs)}`,
  ].filter(Boolean);
  return (
    <Text size="sm" c="dimmed">
      {facts.map((fact, index) => (
        <Fragment key={index}>
          {index > 0 && ' · '}
          <span className="tree-fact">{fact}</span>
        </Fragment>
      ))}
    </Text>
  );
}
