import type { Container, Snapshot } from '#client';
import { Paper } from '@mantine/core';
import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { NewBot } from '../../bots/new-bot';
import { DeleteSnapshot } from './delete-snapshot';
import { canRestore } from './possible';
import { RestoreSnapshot } from './restore-snapshot';
import { SnapshotRow, type Ask } from './snapshot-row';
import { treeOf, type TreeRow } from './tree';
import './snapshots.css';

/** All snapshots, drawn as they descend from each other, newest on top. One stop for Tab; arrows move within. */
export function SnapshotTree({ container, snapshots }: { container: Container; snapshots: Snapshot[] }) {
  const rows = useMemo(() => treeOf(snapshots), [snapshots]);
  const box = useRef<HTMLDivElement>(null);
  const [activeId, setActiveId] = useState<string | null>(null);
  const [asked, setAsked] = useState<{ ask: Ask; row: TreeRow } | null>(null);
  const active = rows.find(({ snapshot }) => snapshot.id === activeId) ?? rows[0];

  const move = (event: KeyboardEvent): void => {
    if (!active || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = rows.indexOf(active);
    const targets: Record<string, string | null | undefined> = {
      ArrowUp: rows[at - 1]?.snapshot.id,
      ArrowDown: rows[at + 1]?.snapshot.id,
      Home: rows[0]?.snapshot.id,
      End: rows.at(-1)?.snapshot.id,
      ArrowLeft: active.parentId,
      ArrowRight: active.childId,
    };
    if (!(event.key in targets)) return;
    event.preventDefault();
    const to = targets[event.key];
    if (to == null) return;
    setActiveId(to);
    box.current?.querySelector<HTMLElement>(`[data-snapshot="${to}"]`)?.focus();
  };
  const close = (): void => setAsked(null);
  const subject = asked?.row.snapshot;
  return (
    <Paper withBorder py={4}>
      <div role="tree" aria-label="Snapshots, newest first" className="tree" ref={box} onKeyDown={move}>
        {rows.map((row) => (
          <SnapshotRow
            key={row.snapshot.id}
            row={row}
            active={row === active}
            restorable={canRestore(container)}
            onFocus={() => setActiveId(row.snapshot.id)}
            onAsk={(ask) => setAsked({ ask, row })}
          />
        ))}
      </div>
      {asked?.ask === 'restore' && (
        <RestoreSnapshot container={container} snapshot={asked.row.snapshot} onClose={close} />
      )}
      {asked?.ask === 'delete' && (
        <DeleteSnapshot snapshot={asked.row.snapshot} parentName={asked.row.parentName} onClose={close} />
      )}
      {asked?.ask === 'fork' && subject && (
        <NewBot fromSnapshot={{ id: subject.id, name: subject.name }} onClose={close} />
      )}
    </Paper>
  );
}
