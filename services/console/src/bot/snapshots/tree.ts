import type { Snapshot } from '#client';

/** A snapshot in its place in the drawing. */
export interface TreeRow {
  snapshot: Snapshot;
  /** How many lie beneath it, itself among them. */
  depth: number;
  /** The column of its dot, from 0. */
  column: number;
  /** Columns left of it whose line passes by. */
  passing: number[];
  /** Whether the line of its column goes on above it: it has a child. */
  above: boolean;
  /** How it hangs on its parent: straight down, by a bend into the column left of it, or not at all. */
  hangs: 'straight' | 'bend' | 'none';
  /** The name of its parent, for those who do not see the lines. */
  parentName: string | null;
  /** The rows to go to from here, by id. */
  parentId: string | null;
  childId: string | null;
}

/**
 * Newest on top, each above what it was made of. From each snapshot one child goes on straight: the one that leads to
 * the current snapshot, else the one with most above it. So a chain stays in one column however long it is, and there
 * are never more columns than its size can be halved.
 */
export function treeOf(snapshots: Snapshot[]): TreeRow[] {
  const byId = new Map(snapshots.map((snapshot) => [snapshot.id, snapshot]));
  const children = new Map<string | null, Snapshot[]>();
  for (const snapshot of snapshots) {
    const parent = snapshot.parentId !== null && byId.has(snapshot.parentId) ? snapshot.parentId : null;
    children.set(parent, [...(children.get(parent) ?? []), snapshot]);
  }
  const weights = weightsOf(snapshots, children);
  const weight = ({ id }: Snapshot): number => weights.get(id) ?? 0;
  const rows: TreeRow[] = [];

  // Walked with a stack of its own: a chain may be deeper than calls can nest. It pops what is drawn lowest first.
  type Step = Pick<TreeRow, 'snapshot' | 'depth' | 'column' | 'passing' | 'hangs'>;
  const roots = [...(children.get(null) ?? [])].sort(byAge);
  const steps: Step[] = roots
    .map((snapshot): Step => ({ snapshot, depth: 1, column: 0, passing: [], hangs: 'none' }))
    .reverse();
  for (let step = steps.pop(); step; step = steps.pop()) {
    const { snapshot, depth, column, passing } = step;
    const own = [...(children.get(snapshot.id) ?? [])].sort((a, b) => weight(b) - weight(a) || byAge(b, a));
    const [straight, ...others] = own;
    const parent = byId.get(snapshot.parentId ?? '') ?? null;
    const [parentId, parentName, childId] = [parent?.id ?? null, parent?.name ?? null, straight?.id ?? null];
    rows.push({ ...step, above: own.length > 0, parentName, parentId, childId });
    const next = { depth: depth + 1 };
    if (straight) steps.push({ ...next, snapshot: straight, column, passing, hangs: 'straight' });
    for (const other of others.sort((a, b) => byAge(b, a))) {
      steps.push({ ...next, snapshot: other, column: column + 1, passing: [...passing, column], hangs: 'bend' });
    }
  }
  return rows.reverse();
}

/** How many descend from each, itself among them; more than all where the current one is among them. */
function weightsOf(snapshots: Snapshot[], children: Map<string | null, Snapshot[]>): Map<string, number> {
  const order = [...(children.get(null) ?? [])];
  for (const snapshot of order) order.push(...(children.get(snapshot.id) ?? []));
  const weights = new Map<string, number>();
  for (const { id, current } of order.reverse()) {
    const own = children.get(id) ?? [];
    const above = own.reduce((sum, child) => sum + (weights.get(child.id) ?? 0), 0);
    weights.set(id, above + 1 + (current ? snapshots.length : 0));
  }
  return weights;
}

function byAge(a: Snapshot, b: Snapshot): number {
  return Date.parse(a.createdAt) - Date.parse(b.createdAt) || (a.id < b.id ? -1 : 1);
}
